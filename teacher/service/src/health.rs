//! Health that tells the truth: a server serves while its store takes writes.
//!
//! Clients may stop calling a server that does not serve, so it tries for itself whether the store has recovered.

use std::time::Duration;

use magister_proto::v1::teacher_service_server::TeacherServiceServer;
use tonic::server::NamedService;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{rpc::TeacherRpc, store::Store};

const PROBE_EVERY: Duration = Duration::from_secs(1);

/// Tells the store's state to those who ask for the server's health, for as long as it runs.
pub(crate) async fn follow(store: Store, reporter: HealthReporter) {
    let mut writable = store.writable();
    loop {
        if *writable.borrow_and_update() {
            tell(&reporter, ServingStatus::Serving).await;
            // It cannot be closed: this store is one of those who hold it.
            let _ = writable.changed().await;
        } else {
            tell(&reporter, ServingStatus::NotServing).await;
            tokio::time::sleep(PROBE_EVERY).await;
            store.probe().await;
        }
    }
}

/// Sets the health of the teacher service and of the server as a whole.
pub(crate) async fn tell(reporter: &HealthReporter, status: ServingStatus) {
    for service in ["", TeacherServiceServer::<TeacherRpc>::NAME] {
        reporter.set_service_status(service, status).await;
    }
}
