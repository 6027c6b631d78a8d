//! What an error of AWS means to the person who runs Terraform: the action, the code, the request id and the way out.
//!
//! Source of the codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tfplugin::Error;

/// What went wrong with a request to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure it is.
    pub kind: Kind,
    /// AWS's error code: `InvalidVpcID.NotFound`.
    pub code: Option<String>,
    /// AWS's words, or those of the transport.
    pub message: String,
    /// AWS's id of the request, which its support asks for.
    pub request_id: Option<String>,
}

/// Kinds of failure, by what is known about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// AWS refused the request: nothing happened.
    Refused,
    /// AWS asked to slow down: nothing happened.
    Throttled,
    /// AWS failed (5xx), or its answer did not arrive: the request may have taken effect.
    Uncertain,
    /// No connection was made: nothing happened.
    Unreachable,
    /// There are no credentials to sign with: nothing was sent.
    Credentials,
    /// The SDK could not build the request.
    Ours,
}

impl Fault {
    /// AWS's error code; empty where there is none.
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// Whether the code is one of these.
    pub fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code())
    }

    /// Whether the object is not there (EC2's `*.NotFound` and the spellings of the other services).
    pub fn is_not_found(&self) -> bool {
        let code = self.code();
        code.ends_with("NotFound")
            || code.ends_with(".Malformed") && code.contains("ID")
            || matches!(code, "NotFoundException" | "NoSuchEntity" | "NoSuchBucket" | "NoSuchKey" | "404")
    }

    /// The error to show, for a sentence that begins with "Could not": `fault.when("create the VPC")`.
    #[must_use]
    pub fn when(&self, doing: &str) -> Error {
        let code = self.code.as_ref().map(|code| format!(": {code}")).unwrap_or_default();
        let mut detail = self.message.clone();
        if let Some(id) = &self.request_id {
            detail.push_str(&format!(" (request id {id})"));
        }
        if let Some(hint) = self.way_out() {
            if !detail.is_empty() {
                detail.push_str("\n\n");
            }
            detail.push_str(&hint);
        }
        Error::new(format!("Could not {doing}{code}")).detail(detail)
    }

    /// Like [`Self::when`], pointing at the attribute that the code accuses.
    #[must_use]
    pub fn when_at(&self, doing: &str, accused: &[(&str, &str)]) -> Error {
        let error = self.when(doing);
        match accused.iter().find(|(code, _)| *code == self.code()) {
            Some((_, attribute)) => error.at(*attribute),
            None => error,
        }
    }

    fn way_out(&self) -> Option<String> {
        let code = self.code();
        let words = match self.kind {
            Kind::Credentials => {
                "No usable AWS credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (or \
                 profile in the provider's aws block). With the local cloud: `. .localcloud/env`."
            }
            Kind::Unreachable if is_loopback(&self.message) => {
                "Nothing answers at this address. Is the local cloud up? Start it with `localcloud up --detach`, then \
                 `. .localcloud/env`."
            }
            Kind::Unreachable => {
                "The endpoint cannot be reached. Check the network, the region and AWS_ENDPOINT_URL. With the local cloud: \
                 is it up (`localcloud up --detach`), and is `.localcloud/env` sourced?"
            }
            Kind::Uncertain => {
                "The request may have taken effect. What it made is marked: apply again, and it is found and kept."
            }
            Kind::Throttled => "AWS asked to slow down for longer than the retries last. Apply again later.",
            Kind::Ours => "This is a bug of the provider.",
            Kind::Refused => match code {
                "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => {
                    "The credentials lack a permission. An encoded message can be read with \
                     `aws sts decode-authorization-message --encoded-message …`."
                }
                "AuthFailure" | "InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException" => {
                    "AWS does not accept the credentials: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
                }
                "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
                    "The credentials have expired: sign in again (or set new ones) and repeat."
                }
                "OptInRequired" => "The region is not enabled for this account.",
                "DependencyViolation" => "Something else still uses it.",
                code if code.contains("LimitExceeded") => {
                    "A quota of the account is used up: remove what is not needed, or ask for more in Service Quotas."
                }
                _ => return None,
            },
        };
        Some(words.to_owned())
    }
}

fn is_loopback(text: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| text.contains(name))
}

const THROTTLES: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
];

impl<E> From<SdkError<E, HttpResponse>> for Fault
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let request_id = error.request_id().map(str::to_owned);
        if let Some(answer) = error.as_service_error() {
            let code = answer.code().map(str::to_owned);
            let status = error.raw_response().map_or(0, |raw| raw.status().as_u16());
            let message = answer.message().map_or_else(|| chain(&error), str::to_owned);
            let kind = match code.as_deref() {
                Some(code) if THROTTLES.contains(&code) => Kind::Throttled,
                _ if status == 429 => Kind::Throttled,
                _ if status >= 500 => Kind::Uncertain,
                _ => Kind::Refused,
            };
            return Self { kind, code, message, request_id };
        }
        let kind = match &error {
            _ if has::<CredentialsError>(&error) => Kind::Credentials,
            SdkError::ConstructionFailure(_) => Kind::Ours,
            SdkError::DispatchFailure(failure) if failure.is_user() => Kind::Ours,
            SdkError::DispatchFailure(failure) if failure.is_io() && never_connected(&error) => Kind::Unreachable,
            _ => Kind::Uncertain,
        };
        Self { kind, code: None, message: chain(&error), request_id }
    }
}

/// Whether the connection itself failed. The transport tells by text alone (hyper-util's connect error: "tcp connect
/// error", "dns error", "client error (Connect)").
fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    let text = chain(error).to_lowercase();
    text.contains("connect error") || text.contains("dns error") || text.contains("(connect)")
}

fn has<C: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    std::iter::successors(error.source(), |cause| (*cause).source()).any(|cause| cause.is::<C>())
}

fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |cause| (*cause).source()) {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
    }
    text
}

/// Turns the SDK's results into ours.
pub trait Explain<T>: Sized {
    /// The result with a [`Fault`], to decide by.
    ///
    /// # Errors
    /// What the request failed with.
    fn fault(self) -> Result<T, Fault>;

    /// The result with an error to show: see [`Fault::when`].
    ///
    /// # Errors
    /// What the request failed with, in words.
    fn when(self, doing: &str) -> tfplugin::Result<T> {
        self.fault().map_err(|fault| fault.when(doing))
    }
}

impl<T, E> Explain<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn fault(self) -> Result<T, Fault> {
        self.map_err(Fault::from)
    }
}

/// The result of a delete or detach, where "not there" is a success.
///
/// # Errors
/// Any other fault.
pub fn gone_is_fine<T>(result: Result<T, Fault>) -> Result<(), Fault> {
    match result {
        Err(fault) if !fault.is_not_found() => Err(fault),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Fault {
        Fault {
            kind: Kind::Refused,
            code: Some(code.to_owned()),
            message: "AWS says so.".to_owned(),
            request_id: Some("r-1".to_owned()),
        }
    }

    #[test]
    fn an_error_names_the_action_the_code_the_request_and_the_way_out() {
        fn check(fault: &Fault, expected: &[&str]) {
            let text = fault.when("create the VPC").to_string();
            for part in expected {
                assert!(text.contains(part), "{part:?} in {text:?}");
            }
        }
        check(&refused("VpcLimitExceeded"), &["Could not create the VPC: VpcLimitExceeded", "r-1", "Service Quotas"]);
        check(&refused("UnauthorizedOperation"), &["lack a permission", "AWS says so."]);
        check(&refused("ExpiredToken"), &["sign in again"]);
        let dead = Fault {
            kind: Kind::Unreachable,
            code: None,
            message: "tcp connect error: 127.0.0.1:9".to_owned(),
            request_id: None,
        };
        check(&dead, &["Is the local cloud up?", "localcloud up --detach"]);
        check(&Fault { kind: Kind::Credentials, ..dead.clone() }, &["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]);
    }

    #[test]
    fn a_code_points_at_its_attribute() {
        let accused = &[("InvalidSubnet.Range", "cidr_block")];
        let path = |code| refused(code).when_at("create the subnet", accused).diagnostic().path.clone();
        assert_eq!(path("InvalidSubnet.Range"), Some("cidr_block".into()));
        assert_eq!(path("SubnetLimitExceeded"), None);
    }

    #[test]
    fn not_found_has_many_spellings() {
        for code in ["InvalidVpcID.NotFound", "NatGatewayNotFound", "NoSuchEntity", "NotFoundException", "NoSuchBucket"]
        {
            assert!(refused(code).is_not_found(), "{code}");
        }
        for code in ["DependencyViolation", "AuthFailure", "InvalidParameterValue"] {
            assert!(!refused(code).is_not_found(), "{code}");
        }
    }
}
