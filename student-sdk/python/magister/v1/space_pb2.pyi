from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Dimension(_message.Message):
    __slots__ = ["categorical", "continuous", "distance_scale", "integer", "log_scaled", "name", "size"]
    class Categorical(_message.Message):
        __slots__ = ["categories"]
        CATEGORIES_FIELD_NUMBER: _ClassVar[int]
        categories: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, categories: _Optional[_Iterable[str]] = ...) -> None: ...
    class Continuous(_message.Message):
        __slots__ = ["high", "low"]
        HIGH_FIELD_NUMBER: _ClassVar[int]
        LOW_FIELD_NUMBER: _ClassVar[int]
        high: float
        low: float
        def __init__(self, low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...
    class Integer(_message.Message):
        __slots__ = ["high", "low"]
        HIGH_FIELD_NUMBER: _ClassVar[int]
        LOW_FIELD_NUMBER: _ClassVar[int]
        high: int
        low: int
        def __init__(self, low: _Optional[int] = ..., high: _Optional[int] = ...) -> None: ...
    class LogScaled(_message.Message):
        __slots__ = ["high", "low"]
        HIGH_FIELD_NUMBER: _ClassVar[int]
        LOW_FIELD_NUMBER: _ClassVar[int]
        high: float
        low: float
        def __init__(self, low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...
    CATEGORICAL_FIELD_NUMBER: _ClassVar[int]
    CONTINUOUS_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_SCALE_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    LOG_SCALED_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    categorical: Dimension.Categorical
    continuous: Dimension.Continuous
    distance_scale: float
    integer: Dimension.Integer
    log_scaled: Dimension.LogScaled
    name: str
    size: int
    def __init__(self, name: _Optional[str] = ..., continuous: _Optional[_Union[Dimension.Continuous, _Mapping]] = ..., log_scaled: _Optional[_Union[Dimension.LogScaled, _Mapping]] = ..., integer: _Optional[_Union[Dimension.Integer, _Mapping]] = ..., categorical: _Optional[_Union[Dimension.Categorical, _Mapping]] = ..., size: _Optional[int] = ..., distance_scale: _Optional[float] = ...) -> None: ...

class ParameterValue(_message.Message):
    __slots__ = ["category", "integer", "integers", "number", "numbers"]
    class Integers(_message.Message):
        __slots__ = ["values"]
        VALUES_FIELD_NUMBER: _ClassVar[int]
        values: _containers.RepeatedScalarFieldContainer[int]
        def __init__(self, values: _Optional[_Iterable[int]] = ...) -> None: ...
    class Numbers(_message.Message):
        __slots__ = ["values"]
        VALUES_FIELD_NUMBER: _ClassVar[int]
        values: _containers.RepeatedScalarFieldContainer[float]
        def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    INTEGERS_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    category: str
    integer: int
    integers: ParameterValue.Integers
    number: float
    numbers: ParameterValue.Numbers
    def __init__(self, number: _Optional[float] = ..., integer: _Optional[int] = ..., category: _Optional[str] = ..., numbers: _Optional[_Union[ParameterValue.Numbers, _Mapping]] = ..., integers: _Optional[_Union[ParameterValue.Integers, _Mapping]] = ...) -> None: ...

class Parameters(_message.Message):
    __slots__ = ["values"]
    class ValuesEntry(_message.Message):
        __slots__ = ["key", "value"]
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ParameterValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ParameterValue, _Mapping]] = ...) -> None: ...
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.MessageMap[str, ParameterValue]
    def __init__(self, values: _Optional[_Mapping[str, ParameterValue]] = ...) -> None: ...

class TaskSpace(_message.Message):
    __slots__ = ["dimensions"]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    dimensions: _containers.RepeatedCompositeFieldContainer[Dimension]
    def __init__(self, dimensions: _Optional[_Iterable[_Union[Dimension, _Mapping]]] = ...) -> None: ...
