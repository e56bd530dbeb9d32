//! Certificates made for one test, in files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

/// An authority with the certificates it has signed, as PEM files in a folder that goes with it.
#[derive(Debug)]
pub struct Certificates {
    authority: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// Files of a certificate and its key.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes an authority.
    pub fn authority() -> Self {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        // A name of its own: two authorities of one name would pass for one with a wrong key.
        params.distinguished_name.push(DnType::CommonName, folder.path().display().to_string());
        let key = KeyPair::generate().expect("keys can be made");
        let authority = CertifiedIssuer::self_signed(params, key).expect("the parameters are complete");
        let certificates = Self { authority, folder };
        certificates.write("authority.pem", &certificates.authority.pem());
        certificates
    }

    /// File of the authority's certificate.
    pub fn authority_file(&self) -> PathBuf {
        self.folder().join("authority.pem")
    }

    /// Signs a certificate for a host or address; `file` names its files.
    pub fn sign(&self, file: &str, subject: &str) -> Signed {
        let params = CertificateParams::new([subject.to_owned()]).expect("the subject is a name or address");
        let key = KeyPair::generate().expect("keys can be made");
        let certificate = params.signed_by(&key, &*self.authority).expect("the parameters are complete");
        Signed {
            certificate: self.write(&format!("{file}.pem"), &certificate.pem()),
            key: self.write(&format!("{file}.key"), &key.serialize_pem()),
        }
    }

    /// Writes another file into the folder.
    pub fn write(&self, file: &str, content: &str) -> PathBuf {
        let path = self.folder().join(file);
        fs::write(&path, content).expect("the folder can be written");
        path
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
