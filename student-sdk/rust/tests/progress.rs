//! Looking at what the teacher learned, against a real server.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use magister_student::{Client, CurriculumSpec, DensityOptions, Dimension, Error};
use magister_tests::TestServer;

#[tokio::test]
async fn a_density_along_an_unknown_axis_names_those_there_are() {
    let server = TestServer::start().await;
    let client = Client::connect(server.uri()).await.unwrap();
    let spec = CurriculumSpec::alp_gmm("walker")
        .dimension(Dimension::continuous("height", 0.0, 3.0))
        .dimension(Dimension::integer("sizes", 1, 5).vector(2));
    let curriculum = client.create_or_open(spec).await.unwrap();
    let unknown = curriculum.density(&["height", "sizes"], DensityOptions::default()).await.unwrap_err();
    let Error::UnknownAxis { name, has } = unknown else { panic!("{unknown:?}") };
    assert_eq!((name.as_str(), has.join(" ").as_str()), ("sizes", "height sizes[0] sizes[1]"));
}
