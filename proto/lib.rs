//! Generated types of the contract `magister.v1`, and nothing else.
//!
//! The comments in `proto/magister/v1` are its specification. These types stay at the edges of the service and of the SDKs.

/// Package `magister.v1`.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod v1 {
    tonic::include_proto!("magister.v1");

    /// The compiled `FileDescriptorSet` of the contract, for server reflection.
    pub const FILE_DESCRIPTOR_SET: &[u8] =
        include_bytes!(concat!(env!("OUT_DIR"), "/magister_descriptors.bin"));
}
