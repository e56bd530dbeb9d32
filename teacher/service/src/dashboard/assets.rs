//! The page's files, embedded in the binary.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use sha2::{Digest, Sha256};

/// One file.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! asset {
    ($name:literal, $content_type:expr) => {
        Asset { name: $name, content_type: $content_type, bytes: include_bytes!(concat!("page/", $name)) }
    };
}

/// Everything that is served under `/assets/`.
const ASSETS: &[Asset] = &[
    asset!("style.css", "text/css; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("app.js", SCRIPT),
    asset!("axes.js", SCRIPT),
    asset!("calls.js", SCRIPT),
    asset!("charts.js", SCRIPT),
    asset!("curriculum.js", SCRIPT),
    asset!("curves.js", SCRIPT),
    asset!("dialogs.js", SCRIPT),
    asset!("elements.js", SCRIPT),
    asset!("list.js", SCRIPT),
    asset!("panels.js", SCRIPT),
    asset!("space.js", SCRIPT),
    asset!("words.js", SCRIPT),
    asset!("vendor/echarts.esm.min.js", SCRIPT),
    asset!("vendor/echarts-LICENSE.txt", "text/plain; charset=utf-8"),
    asset!("vendor/echarts-NOTICE.txt", "text/plain; charset=utf-8"),
];

/// The page itself: all of its views.
pub(super) fn page() -> Response {
    ([(CONTENT_TYPE, HTML), (CACHE_CONTROL, "no-store")], include_str!("page/index.html")).into_response()
}

/// What is shown to whoever has no token.
pub(super) fn sign_in(status: StatusCode) -> Response {
    let headers = [(CONTENT_TYPE, HTML), (CACHE_CONTROL, "no-store")];
    (status, headers, include_str!("page/sign-in.html")).into_response()
}

/// One of the files; browsers keep it and ask whether it has changed.
pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    static TAGS: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| ASSETS.iter().map(tag).collect());
    let Some(index) = ASSETS.iter().position(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (asset, tag) = (&ASSETS[index], &TAGS[index]);
    let kept = [(CACHE_CONTROL, HeaderValue::from_static("no-cache")), (ETAG, tag.clone())];
    if headers.get(IF_NONE_MATCH) == Some(tag) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, asset.content_type)], asset.bytes).into_response()
}

fn tag(asset: &Asset) -> HeaderValue {
    let digest = Sha256::digest(asset.bytes);
    let digits: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{digits}\"")).expect("hexadecimal digits fit into a header")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dashboard/page");
        let mut there = BTreeSet::new();
        for (prefix, folder) in [("", folder.clone()), ("vendor/", folder.join("vendor"))] {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    there.insert(format!("{prefix}{}", entry.file_name().into_string().unwrap()));
                }
            }
        }
        let elsewhere = ["index.html", "sign-in.html", "vendor/update"];
        let served: BTreeSet<String> =
            ASSETS.iter().map(|asset| asset.name).chain(elsewhere).map(str::to_owned).collect();
        assert_eq!(there, served);
    }
}
