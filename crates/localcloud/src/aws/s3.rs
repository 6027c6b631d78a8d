//! S3's answers where moto's are others: the root elements that S3's own clients look for, and the encryption that each bucket has.
//! Pure: moto's answer comes in, S3's goes out. <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::action::Action;
use super::xml::{field, renamed};

/// Root elements that moto names after the action: moto's and S3's. The AWS SDK for Rust refuses the first.
const ROOTS: &[(&str, &str, &str)] = &[
    ("GetBucketVersioning", "GetBucketVersioningResponse", "VersioningConfiguration"),
    ("GetBucketAccelerateConfiguration", "GetBucketAccelerateConfigurationResponse", "AccelerateConfiguration"),
    ("GetBucketNotificationConfiguration", "GetBucketNotificationResponse", "NotificationConfiguration"),
];

/// Since January 2023 each bucket encrypts with keys of S3's own unless it is told otherwise.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>
const OWN_ENCRYPTION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ServerSideEncryptionConfiguration \
    xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
    </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>";

/// Each object is encrypted since, and its answers say how. Moto says nothing of keys of S3's own.
const ENCRYPTION: HeaderName = HeaderName::from_static("x-amz-server-side-encryption");

/// Moto's answer as S3 gives it.
pub(super) fn corrected(action: &Action, mut response: Response<Bytes>) -> Response<Bytes> {
    if action.service != "s3" {
        return response;
    }
    if matches!(action.name.as_str(), "HeadObject" | "GetObject" | "PutObject") && response.status().is_success() {
        response.headers_mut().entry(ENCRYPTION).or_insert(HeaderValue::from_static("AES256"));
        return response;
    }
    let Ok(xml) = std::str::from_utf8(response.body()) else { return response };
    let corrected = if action.name == "GetBucketEncryption"
        && field(xml, "Code") == Some("ServerSideEncryptionConfigurationNotFoundError")
    {
        *response.status_mut() = StatusCode::OK;
        Some(OWN_ENCRYPTION.to_owned())
    } else if response.status().is_success() {
        let root = ROOTS.iter().find(|(name, _, _)| *name == action.name);
        root.map(|(_, from, to)| renamed(xml, from, to))
    } else {
        None
    };
    match corrected {
        Some(body) => response.map(|_| Bytes::from(body)),
        None => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, status: u16, body: &'static str, expected: (u16, &str)) {
        let action = Action { service: "s3".to_owned(), name: name.to_owned(), ..Action::default() };
        let response = Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap();
        let response = corrected(&action, response);
        let text = std::str::from_utf8(response.body()).unwrap();
        assert_eq!(response.status().as_u16(), expected.0, "{name} {body}");
        assert!(text.contains(expected.1), "{name} {body}: {text}");
    }

    #[test]
    fn an_answer_of_s3_has_the_root_that_its_clients_read() {
        check(
            "GetBucketVersioning",
            200,
            "<?xml version=\"1.0\"?>\n<GetBucketVersioningResponse xmlns=\"x\"><Status>Enabled</Status></GetBucketVersioningResponse>",
            (200, "<VersioningConfiguration xmlns=\"x\"><Status>Enabled</Status></VersioningConfiguration>"),
        );
        check(
            "GetBucketVersioning",
            200,
            "<GetBucketVersioningResponse xmlns=\"x\"/>",
            (200, "<VersioningConfiguration xmlns=\"x\"/>"),
        );
        check(
            "GetBucketNotificationConfiguration",
            200,
            "<GetBucketNotificationResponse/>",
            (200, "<NotificationConfiguration/>"),
        );
        let missing = "<Error><Code>NoSuchBucket</Code></Error>";
        check("GetBucketVersioning", 404, missing, (404, missing));
    }

    #[test]
    fn an_object_says_how_it_is_encrypted() {
        let told = |name: &str, status: u16, said: Option<&'static str>| {
            let mut response = Response::builder().status(status);
            if let Some(said) = said {
                response = response.header(ENCRYPTION, said);
            }
            let action = Action { service: "s3".to_owned(), name: name.to_owned(), ..Action::default() };
            let response = corrected(&action, response.body(Bytes::new()).unwrap());
            response.headers().get(ENCRYPTION).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(told("HeadObject", 200, None).as_deref(), Some("AES256"));
        assert_eq!(told("PutObject", 200, Some("aws:kms")).as_deref(), Some("aws:kms"));
        assert_eq!((told("HeadObject", 404, None), told("HeadBucket", 200, None)), (None, None));
    }

    #[test]
    fn a_bucket_that_was_told_nothing_is_encrypted_with_keys_of_s3() {
        let none = "<Error><Code>ServerSideEncryptionConfigurationNotFoundError</Code></Error>";
        check("GetBucketEncryption", 404, none, (200, "<SSEAlgorithm>AES256</SSEAlgorithm>"));
        let missing = "<Error><Code>NoSuchBucket</Code></Error>";
        check("GetBucketEncryption", 404, missing, (404, "NoSuchBucket"));
        let kms = "<ServerSideEncryptionConfiguration><SSEAlgorithm>aws:kms</SSEAlgorithm></ServerSideEncryptionConfiguration>";
        check("GetBucketEncryption", 200, kms, (200, kms));
    }
}
