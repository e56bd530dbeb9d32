//! Dimensions as they are written on the command line.

use magister_student::Dimension;

/// What the flag is for.
pub(super) const HELP: &str = "A dimension of the task space, once for each: NAME=LOW:HIGH, NAME=int:LOW:HIGH, \
                               NAME=log:LOW:HIGH or NAME=CATEGORY,CATEGORY; NAME[SIZE] makes a vector";
/// How dimensions are written, for errors.
pub(super) const FORMS: &str = "write NAME=LOW:HIGH, NAME=int:LOW:HIGH, NAME=log:LOW:HIGH or NAME=CATEGORY,CATEGORY; \
                                NAME[SIZE] makes a vector";

/// Reads `stump_height=0:3`, `n=int:1:5`, `rate=log:1e-5:0.1`, `kind=a,b` or `poly_shape[12]=0:4`.
pub(super) fn read(text: &str) -> Result<Dimension, String> {
    let refuse = |problem: String| format!("{problem}; {FORMS}");
    let (name, values) = text.split_once('=').ok_or_else(|| refuse("there is no =".to_owned()))?;
    let (name, size) = match name.strip_suffix(']').and_then(|name| name.rsplit_once('[')) {
        None => (name, None),
        Some((name, size)) => {
            let size = size.parse().map_err(|_| refuse(format!("the size {size:?} is no number")))?;
            (name, Some(size))
        }
    };
    if name.is_empty() {
        return Err(refuse("the name is missing".to_owned()));
    }
    let number = |text: &str| {
        text.trim().parse::<f64>().map_err(|_| refuse(format!("the bound {text:?} is no number")))
    };
    let integer = |text: &str| {
        text.trim().parse::<i64>().map_err(|_| refuse(format!("the bound {text:?} is no integer")))
    };
    let dimension = if values.contains(',') {
        Dimension::categorical(name, values.split(',').map(str::trim))
    } else {
        match values.split(':').collect::<Vec<_>>()[..] {
            [low, high] => Dimension::continuous(name, number(low)?, number(high)?),
            ["int", low, high] => Dimension::integer(name, integer(low)?, integer(high)?),
            ["log", low, high] => Dimension::log_scaled(name, number(low)?, number(high)?),
            _ => return Err(refuse(format!("{values:?} is no range"))),
        }
    };
    Ok(match size {
        None => dimension,
        Some(size) => dimension.vector(size),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_read() {
        for (text, expected) in [
            ("stump_height=0:3", Dimension::continuous("stump_height", 0.0, 3.0)),
            ("x=-1.5:2e3", Dimension::continuous("x", -1.5, 2000.0)),
            ("n=int:-1:5", Dimension::integer("n", -1, 5)),
            ("rate=log:1e-5:0.1", Dimension::log_scaled("rate", 1e-5, 0.1)),
            ("kind=a, b,c", Dimension::categorical("kind", ["a", "b", "c"])),
            ("poly_shape[12]=0:4", Dimension::continuous("poly_shape", 0.0, 4.0).vector(12)),
            ("a[b]c=0:1", Dimension::continuous("a[b]c", 0.0, 1.0)),
        ] {
            assert_eq!(read(text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("stump_height", "there is no ="),
            ("=0:3", "the name is missing"),
            ("a=0", "\"0\" is no range"),
            ("a=0:1:2", "\"0:1:2\" is no range"),
            ("a=0:b", "the bound \"b\" is no number"),
            ("a=int:0:1.5", "the bound \"1.5\" is no integer"),
            ("a[x]=0:1", "the size \"x\" is no number"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected) && error.contains(FORMS), "{text}: {error}");
        }
    }
}
