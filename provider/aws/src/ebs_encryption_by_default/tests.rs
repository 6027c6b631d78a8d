use aws_sdk_ec2::operation::get_ebs_default_kms_key_id::GetEbsDefaultKmsKeyIdError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;

use super::*;
use crate::kms_key::KmsKey;
use crate::testing::{change, cloud, make, settled};

#[test]
fn an_answer_without_a_code_is_an_action_that_does_not_exist() {
    let check = |status: u16, code: Option<&str>, expected: bool| {
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code {
            metadata = metadata.code(code);
        }
        let answer = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
        let error = SdkError::service_error(GetEbsDefaultKmsKeyIdError::generic(metadata.build()), answer);
        assert_eq!(is_not_implemented(&error), expected, "{status} {code:?}");
    };
    check(500, None, true);
    check(501, Some("NotImplemented"), true);
    check(500, Some("InternalError"), false);
    check(400, None, false);
    check(403, Some("UnauthorizedOperation"), false);
}

#[tokio::test]
async fn one_deployment_s_end_takes_the_encryption_from_no_other() {
    let cloud = cloud();
    let cx = cloud.call();
    let ec2 = &cx.client().ec2;
    let enabled = || async {
        ec2.get_ebs_encryption_by_default().send().await.unwrap().ebs_encryption_by_default.unwrap_or_default()
    };
    let key = make(&cloud.call(), KmsKey::default()).await;
    let config = EbsEncryptionByDefault { kms_key_arn: key.arn.clone(), ..EbsEncryptionByDefault::default() };
    // The first one switches it on; the second one finds it so.
    let first = make(&cx, config.clone()).await;
    assert_eq!((enabled().await, first.id.text()), (true, "eu-west-1"));
    settled(&cx, &first, &config).await;
    let second = make(&cx, EbsEncryptionByDefault::default()).await;
    EbsEncryptionByDefault::delete(&cx, first).await.unwrap();
    settled(&cx, &second, &EbsEncryptionByDefault::default()).await;
    assert!(enabled().await);

    ec2.disable_ebs_encryption_by_default().send().await.unwrap();
    let seen = EbsEncryptionByDefault::read(&cx, second).await.unwrap().unwrap();
    assert_eq!(seen.enabled, Attr::Known(false));
    let second = change(&cx, seen, EbsEncryptionByDefault::default()).await;
    assert!(enabled().await);
    // Who wants it off says so.
    change(&cx, second, EbsEncryptionByDefault { enabled: false.into(), ..EbsEncryptionByDefault::default() }).await;
    assert!(!enabled().await);
}
