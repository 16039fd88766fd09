//! TLS by the service itself, where certificates are configured: 1.2 and 1.3, by rustls.
//!
//! The files are looked at again at most once a second, when somebody connects: a renewed certificate is used
//! without a restart. A pair that does not read leaves the one before in use, and says so in the log.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::{
    config::Tls,
    error::{Error, Result},
};

/// How long the files are taken to be what they were.
const LOOK: Duration = Duration::from_secs(1);

/// How the server speaks TLS; nothing where it does not.
pub fn server(config: &Tls) -> Result<Option<ServerConfig>> {
    let (Some(certificate), Some(key)) = (&config.certificate, &config.key) else { return Ok(None) };
    let provider = Arc::new(ring::default_provider());
    let pair = Pair::open(certificate.clone(), key.clone(), Arc::clone(&provider), LOOK)?;
    let server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(Error::internal)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(pair));
    Ok(Some(server))
}

/// The two files, and what was last read from them.
#[derive(Debug)]
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    look: Duration,
    read: Mutex<Read>,
}

#[derive(Debug)]
struct Read {
    pair: Arc<CertifiedKey>,
    changed: [Option<SystemTime>; 2],
    looked: Instant,
}

impl Pair {
    fn open(certificate: PathBuf, key: PathBuf, provider: Arc<CryptoProvider>, look: Duration) -> Result<Self> {
        let changed = [changed(&certificate), changed(&key)];
        let pair = Arc::new(read(&certificate, &key, &provider)?);
        let read = Mutex::new(Read { pair, changed, looked: Instant::now() });
        Ok(Self { certificate, key, provider, look, read })
    }

    /// The pair as it is now.
    fn current(&self) -> Arc<CertifiedKey> {
        let mut held = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if held.looked.elapsed() >= self.look {
            held.looked = Instant::now();
            let now = [changed(&self.certificate), changed(&self.key)];
            if now != held.changed {
                held.changed = now;
                match read(&self.certificate, &self.key, &self.provider) {
                    Ok(pair) => {
                        held.pair = Arc::new(pair);
                        tracing::info!("certificate read anew");
                    }
                    Err(fault) => tracing::error!(%fault, "the new certificate does not read, the old one stays"),
                }
            }
        }
        Arc::clone(&held.pair)
    }
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn changed(path: &PathBuf) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|about| about.modified()).ok()
}

/// Reads both files and makes sure that they belong together.
fn read(certificate: &PathBuf, key: &PathBuf, provider: &CryptoProvider) -> Result<CertifiedKey> {
    let about = |path: &PathBuf, fault: &dyn std::fmt::Display| Error::Internal(format!("{}: {fault}", path.display()));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|fault| about(certificate, &fault))?;
    if chain.is_empty() {
        return Err(about(certificate, &"no certificate in it"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|fault| about(key, &fault))?;
    CertifiedKey::from_der(chain, secret, provider).map_err(|fault| about(key, &fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &std::path::Path, name: &str) -> (PathBuf, PathBuf, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let (certificate, key) = (dir.join("tls.crt"), dir.join("tls.key"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        (certificate, key, made.cert.der().to_vec())
    }

    #[test]
    fn a_renewed_certificate_is_used_and_a_broken_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key, first) = write(dir.path(), "first.example.org");
        let provider = Arc::new(ring::default_provider());
        let pair = Pair::open(certificate.clone(), key.clone(), provider, Duration::ZERO).unwrap();
        let shown = || pair.current().cert.first().unwrap().to_vec();
        let later = |path: &PathBuf, seconds: u64| {
            let file = std::fs::File::options().append(true).open(path).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(seconds)).unwrap();
        };
        assert_eq!(shown(), first);
        let (_, _, second) = write(dir.path(), "second.example.org");
        later(&certificate, 60);
        assert_ne!(first, second);
        assert_eq!(shown(), second);
        std::fs::write(&certificate, "no certificate").unwrap();
        later(&certificate, 120);
        assert_eq!(shown(), second);
        // The key of another does not fit.
        write(dir.path(), "third.example.org");
        let stranger = rcgen::generate_simple_self_signed(vec!["x".to_owned()]).unwrap();
        std::fs::write(&key, stranger.signing_key.serialize_pem()).unwrap();
        later(&key, 180);
        assert_eq!(shown(), second);
        assert!(server(&Tls { certificate: Some(certificate), key: Some(key) }).is_err());
    }

    #[test]
    fn without_certificates_there_is_no_encryption() {
        assert!(server(&Tls::default()).unwrap().is_none());
    }
}
