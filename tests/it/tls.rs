//! TLS by the service itself, with a certificate that was made for the test.

use std::time::Duration;

use reqwest::{Certificate, tls::Version};

use crate::app::{Server, TestApp, http};

#[tokio::test]
async fn with_a_certificate_the_service_speaks_tls_and_nothing_else() {
    let app = TestApp::new().await;
    // The provider of the process, before anybody builds a client.
    let _plain = http();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (app.dir().join("tls.crt"), app.dir().join("tls.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let house = app
        .otherwise(|config| {
            config.tls.certificate = Some(certificate);
            config.tls.key = Some(key);
            config.public_url = "https://localhost".to_owned();
        })
        .await;
    let server = Server::over(&house);
    let base = server.base.replace("http://127.0.0.1", "https://localhost");
    let trusting = || {
        reqwest::Client::builder()
            .tls_certs_only([Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()])
            .resolve("localhost", "127.0.0.1:0".parse().unwrap())
            .timeout(Duration::from_secs(20))
    };
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let client = trusting().min_tls_version(version).max_tls_version(version).build().unwrap();
        let answer = client.get(format!("{base}/health/ready")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=63072000");
        let token = client
            .post(format!("{base}/oauth/token"))
            .basic_auth("demo-school-62001", Some("demo-school-62001-secret"))
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await
            .unwrap();
        assert_eq!(token.status(), 200);
    }
    // Whoever does not know the certificate does not go on, and without TLS there is no answer.
    let stranger = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    assert!(stranger.get(format!("{base}/health/live")).send().await.is_err());
    assert!(stranger.get(format!("{}/health/live", server.base)).send().await.is_err());
    server.stop().await;
}
