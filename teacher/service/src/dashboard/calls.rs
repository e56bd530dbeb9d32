//! The contract's calls in JSON, for pages and for whoever has no gRPC at hand.
//!
//! Messages are those of `proto/magister/v1` in protobuf's JSON form; nothing is written per call. Calls take the same way as a
//! client's, but for the network, so that they are checked and answered alike.

use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use http::uri::PathAndQuery;
use magister_proto::v1::{FILE_DESCRIPTOR_SET, teacher_service_server::TeacherServiceServer};
use prost::{Message, bytes::Buf};
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, MethodDescriptor,
    ServiceDescriptor,
};
use serde::Serialize;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use tonic_types::StatusExt;

use crate::rpc::TeacherRpc;

const SERVICE: &str = "magister.v1.TeacherService";

/// The way to a server's calls.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    rpc: TeacherServiceServer<TeacherRpc>,
    service: ServiceDescriptor,
}

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// Ask for one that there is.
    #[error("there is no call {name:?}; the calls are {there}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        there: String,
    },
    /// Use gRPC, or the other path.
    #[error("{name} {problem}")]
    Streams {
        /// The call.
        name: String,
        /// What to do instead.
        problem: &'static str,
    },
    /// Mend the message.
    #[error("the message is no {message} in JSON: {problem}")]
    Message {
        /// What it should be.
        message: String,
        /// What is wrong with it.
        problem: String,
    },
    /// As the contract says.
    #[error("{}", .0.message())]
    Refused(Status),
}

/// Answers as JSON, one after another.
pub(super) type Answers = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

impl Calls {
    pub(super) fn new(rpc: TeacherServiceServer<TeacherRpc>) -> Self {
        let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET)
            .expect("the descriptors were compiled with this crate");
        let service = pool.get_service_by_name(SERVICE).expect("the contract has this service");
        Self { rpc, service }
    }

    /// Makes a call that has one answer.
    pub(super) async fn unary(&self, name: &str, json: &[u8]) -> Result<String, CallError> {
        let method = self.method(name)?;
        if method.is_server_streaming() {
            return Err(streams(name, "answers with a stream: GET /api/stream/CALL?message=JSON"));
        }
        let message = read(&method.input(), json)?;
        let (path, codec) = (path(&method), DynamicCodec(method.output()));
        let answer = self.client().unary(Request::new(message), path, codec).await;
        Ok(write(answer.map_err(CallError::Refused)?.get_ref()))
    }

    /// Makes a call whose answers come one after another.
    pub(super) async fn stream(&self, name: &str, json: &[u8]) -> Result<Answers, CallError> {
        let method = self.method(name)?;
        if !method.is_server_streaming() {
            return Err(streams(name, "has one answer: POST /api/CALL"));
        }
        let message = read(&method.input(), json)?;
        let (path, codec) = (path(&method), DynamicCodec(method.output()));
        let answers = self.client().server_streaming(Request::new(message), path, codec).await;
        let answers = answers.map_err(CallError::Refused)?.into_inner();
        Ok(Box::pin(answers.map(|answer| answer.map(|message| write(&message)))))
    }

    fn client(&self) -> Grpc<TeacherServiceServer<TeacherRpc>> {
        // No network lies between: what the service makes, this may take.
        Grpc::new(self.rpc.clone()).max_decoding_message_size(usize::MAX)
    }

    fn method(&self, name: &str) -> Result<MethodDescriptor, CallError> {
        let Some(method) = self.service.methods().find(|method| method.name() == name) else {
            let there: Vec<String> = self
                .service
                .methods()
                .filter(|method| !method.is_client_streaming())
                .map(|method| method.name().to_owned())
                .collect();
            return Err(CallError::Unknown { name: name.to_owned(), there: there.join(", ") });
        };
        if method.is_client_streaming() {
            return Err(streams(name, "takes a stream: use gRPC"));
        }
        Ok(method)
    }
}

/// A refusal as pages read it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefusalBody {
    /// As the contract's ErrorInfo has it, or what stands for it.
    pub(super) reason: String,
    /// For people.
    pub(super) message: String,
    /// Fields to mend.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) violations: Vec<Violation>,
    /// When to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after_ms: Option<u64>,
}

/// One field to mend.
#[derive(Debug, Serialize)]
pub(super) struct Violation {
    field: String,
    problem: String,
}

impl RefusalBody {
    pub(super) fn of(reason: &str, message: String) -> Self {
        Self { reason: reason.to_owned(), message, violations: Vec::new(), retry_after_ms: None }
    }

    pub(super) fn of_status(status: &Status) -> Self {
        let details = status.get_error_details();
        let violations = details.bad_request().map(|request| request.field_violations.as_slice());
        Self {
            reason: match details.error_info() {
                Some(info) => info.reason.clone(),
                None => format!("{:?}", status.code()).to_uppercase(),
            },
            message: status.message().to_owned(),
            violations: violations
                .unwrap_or_default()
                .iter()
                .map(|violation| Violation {
                    field: violation.field.clone(),
                    problem: violation.description.clone(),
                })
                .collect(),
            retry_after_ms: details
                .retry_info()
                .and_then(|retry| retry.retry_delay)
                .map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

/// The HTTP status that stands for a gRPC one, as google.rpc.Code names them.
pub(super) fn http_status(code: Code) -> http::StatusCode {
    use http::StatusCode as Http;
    match code {
        Code::Ok => Http::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => Http::BAD_REQUEST,
        Code::Unauthenticated => Http::UNAUTHORIZED,
        Code::PermissionDenied => Http::FORBIDDEN,
        Code::NotFound => Http::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => Http::CONFLICT,
        Code::ResourceExhausted => Http::TOO_MANY_REQUESTS,
        Code::Unimplemented => Http::NOT_IMPLEMENTED,
        Code::Unavailable => Http::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => Http::GATEWAY_TIMEOUT,
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => Http::INTERNAL_SERVER_ERROR,
    }
}

fn streams(name: &str, problem: &'static str) -> CallError {
    CallError::Streams { name: name.to_owned(), problem }
}

fn path(method: &MethodDescriptor) -> PathAndQuery {
    let path = format!("/{SERVICE}/{}", method.name());
    path.try_into().expect("names of calls are letters")
}

fn read(message: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, CallError> {
    let refuse = |problem: String| CallError::Message { message: message.name().to_owned(), problem };
    let mut reader = serde_json::Deserializer::from_slice(json);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let read = DynamicMessage::deserialize_with_options(message.clone(), &mut reader, &options)
        .map_err(|error| refuse(error.to_string()))?;
    reader.end().map_err(|error| refuse(error.to_string()))?;
    Ok(read)
}

fn write(message: &DynamicMessage) -> String {
    serde_json::to_string(message).expect("answers of the contract have a JSON form")
}

/// Writes and reads messages by their descriptors; holds that of the answers.
#[derive(Clone, Debug)]
struct DynamicCodec(MessageDescriptor);

impl Codec for DynamicCodec {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let length = buffer.remaining();
        let message = DynamicMessage::decode(self.0.clone(), buffer.take(length));
        message.map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_the_contract_has_them() {
        let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
        let request = pool.get_message_by_name("magister.v1.ListEpisodesRequest").unwrap();
        for (json, expected) in [
            (r#"{"curriculum":"curricula/a","pageSize":3}"#, Ok(())),
            (r#"{"curriculum":"curricula/a","page_size":3}"#, Ok(())),
            (r#"{"curriculum":"curricula/a","fromEpisode":"18446744073709551615"}"#, Ok(())),
            ("{}", Ok(())),
            ("", Err("EOF")),
            (r#"{"curriculum":3}"#, Err("invalid type")),
            (r#"{"curiculum":"curricula/a"}"#, Err("curiculum")),
            (r#"{} {}"#, Err("trailing")),
        ] {
            match (read(&request, json.as_bytes()), expected) {
                (Ok(_), Ok(())) => {}
                (Err(error), Err(expected)) => {
                    assert!(error.to_string().contains(expected), "{json}: {error}");
                }
                (found, expected) => panic!("{json}: {found:?} instead of {expected:?}"),
            }
        }
    }
}
