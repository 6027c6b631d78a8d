//! What an error of AWS means to the person who runs Terraform: the code, the reason, the request and the way out. What it
//! stood in the way of is said by the framework: a resource returns it with `?`.
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
    /// The request: `CreateVpc`. Empty where none was sent.
    pub request: &'static str,
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
    /// AWS failed (5xx), or its answer did not arrive, and the request changes something: it may have taken effect.
    Uncertain,
    /// The same of a request that only asks: nothing happened.
    Unanswered,
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
            || code.ends_with(".Malformed") && code.to_uppercase().contains("ID.")
            || matches!(code, "NotFoundException" | "NoSuchEntity" | "NoSuchBucket" | "NoSuchKey" | "404")
    }

    /// AWS refused, in these words.
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: Kind::Refused, code: Some(code.into()), message: message.into(), request: "", request_id: None }
    }

    /// A request of ours that the SDK cannot build.
    pub fn ours(error: impl std::fmt::Display) -> Self {
        Self { kind: Kind::Ours, code: None, message: error.to_string(), request: "", request_id: None }
    }

    /// The error to show, pointing at the attribute that the code accuses.
    #[must_use]
    pub fn accusing(self, accused: &[(&str, &str)]) -> Error {
        let found = accused.iter().find(|(code, _)| *code == self.code());
        match found {
            Some((_, attribute)) => Error::from(self).at(*attribute),
            None => self.into(),
        }
    }

    /// The error to show, pointing at an attribute.
    #[must_use]
    pub fn at(self, attribute: &str) -> Error {
        Error::from(self).at(attribute)
    }

    /// The error to show, with words of ours in the place of the usual way out.
    #[must_use]
    pub fn explained(self, words: impl Into<String>) -> Error {
        Error::from(self).detail(words)
    }

    /// Whether the code begins with this noun, in any letter case: AWS itself has `InvalidVpcID` and `InvalidVpcId`.
    fn is_about(&self, noun: &str) -> bool {
        self.code().get(..noun.len()).is_some_and(|start| start.eq_ignore_ascii_case(noun))
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
                "The request may have taken effect. Apply again: what it did is seen, and what it made is found and kept."
            }
            Kind::Unanswered => "Nothing was changed by this request. Try again.",
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

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let reason = match fault.code() {
            "" => fault.message.clone(),
            code if fault.message.is_empty() => code.to_owned(),
            code => format!("{code}: {}", fault.message),
        };
        let mut error = Self::new(reason);
        // That a look fails says nothing of what was made before it.
        if fault.kind != Kind::Uncertain && !only_asks(fault.request) {
            error = error.undone();
        }
        if let Some(words) = fault.way_out() {
            error = error.detail(words);
        }
        match (&fault.request_id, fault.request) {
            (Some(id), request) => error.also(format!("({request}, request id {id})")),
            (None, "") => error,
            (None, request) => error.also(format!("({request})")),
        }
    }
}

/// The request that fails with `E`: the SDK's `aws_sdk_ec2::operation::create_vpc::CreateVpcError` is that of `CreateVpc`.
fn request_of<E>() -> &'static str {
    let path = std::any::type_name::<E>();
    let name = path.rsplit("::").next().unwrap_or(path);
    name.strip_suffix("Error").unwrap_or(name)
}

/// Whether a request only asks.
fn only_asks(request: &str) -> bool {
    ["Describe", "Get", "List", "Head"].iter().any(|verb| request.starts_with(verb))
}

impl<E> From<SdkError<E, HttpResponse>> for Fault
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let request = request_of::<E>();
        let uncertain = if only_asks(request) { Kind::Unanswered } else { Kind::Uncertain };
        let request_id = error.request_id().map(str::to_owned);
        if let Some(answer) = error.as_service_error() {
            let code = answer.code().map(str::to_owned);
            let status = error.raw_response().map_or(0, |raw| raw.status().as_u16());
            let message = answer.message().map_or_else(|| chain(&error), str::to_owned);
            let kind = match code.as_deref() {
                Some(code) if THROTTLES.contains(&code) => Kind::Throttled,
                _ if status == 429 => Kind::Throttled,
                _ if status >= 500 => uncertain,
                _ => Kind::Refused,
            };
            return Self { kind, code, message, request, request_id };
        }
        let kind = match &error {
            _ if has::<CredentialsError>(&error) => Kind::Credentials,
            SdkError::ConstructionFailure(_) => Kind::Ours,
            SdkError::DispatchFailure(failure) if failure.is_user() => Kind::Ours,
            SdkError::DispatchFailure(failure) if failure.is_io() && never_connected(&error) => Kind::Unreachable,
            _ => uncertain,
        };
        Self { kind, code: None, message: chain(&error), request, request_id }
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
    /// The result with a [`Fault`]: to decide by, or to be returned with `?`.
    ///
    /// # Errors
    /// What the request failed with.
    fn fault(self) -> Result<T, Fault>;
}

impl<T, E> Explain<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn fault(self) -> Result<T, Fault> {
        self.map_err(Fault::from)
    }
}

/// The result of a delete or detach, where "not there" is a success; but only of the thing itself: `nouns` are the beginnings
/// of the codes that say so. That a part of it is not there (`InvalidRouteTableID.NotFound` for an endpoint) says nothing
/// about the thing.
///
/// # Errors
/// Any other fault.
pub fn gone_is_fine<T>(result: Result<T, Fault>, nouns: &[&str]) -> Result<(), Fault> {
    match result {
        Err(fault) if fault.is_not_found() && nouns.iter().any(|noun| fault.is_about(noun)) => Ok(()),
        Err(fault) => Err(fault),
        Ok(_) => Ok(()),
    }
}

/// How an object goes that a destroy leaves because of a setting of its own. What counts is the value in the state: it is applied,
/// to that object alone, for the rest may be destroyed already.
pub(crate) fn set_and_destroy(setting: &str) -> String {
    format!(
        "set {setting} in its resource (of a module, the variable that stands there), apply that alone with \
         terraform apply -target=ADDRESS, and destroy then. ADDRESS is the object's own, which `terraform state list` shows; the same \
         -var and -var-file options go with both commands."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Fault {
        Fault { request: "CreateVpc", request_id: Some("r-1".to_owned()), ..Fault::refused(code, "AWS says so.") }
    }

    #[test]
    fn an_error_has_the_code_the_reason_the_request_and_the_way_out() {
        fn check(fault: &Fault, expected: &[&str]) {
            let text = Error::from(fault.clone()).to_string();
            for part in expected {
                assert!(text.contains(part), "{part:?} in {text:?}");
            }
        }
        let error = Error::from(refused("VpcLimitExceeded"));
        assert_eq!(error.diagnostic().summary, "VpcLimitExceeded: AWS says so.");
        check(&refused("VpcLimitExceeded"), &["(CreateVpc, request id r-1)", "Service Quotas"]);
        check(&refused("UnauthorizedOperation"), &["lack a permission", "AWS says so."]);
        check(&refused("ExpiredToken"), &["sign in again"]);
        let dead = Fault {
            kind: Kind::Unreachable,
            code: None,
            message: "tcp connect error: 127.0.0.1:9".to_owned(),
            request: "CreateVpc",
            request_id: None,
        };
        check(&dead, &["Is the local cloud up?", "localcloud up --detach"]);
        check(&Fault { kind: Kind::Credentials, ..dead.clone() }, &["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]);
    }

    #[test]
    fn a_code_points_at_its_attribute() {
        let accused = &[("InvalidSubnet.Range", "cidr_block")];
        let path = |code| refused(code).accusing(accused).diagnostic().path.clone();
        assert_eq!(path("InvalidSubnet.Range"), Some("cidr_block".into()));
        assert_eq!(path("SubnetLimitExceeded"), None);
    }

    #[test]
    fn a_failure_of_aws_is_uncertain_only_where_the_request_changes_something() {
        use aws_sdk_ec2::operation::create_vpc::CreateVpcError;
        use aws_sdk_ec2::operation::describe_vpcs::DescribeVpcsError;
        use aws_sdk_iam::operation::get_role::GetRoleError;
        use aws_sdk_s3::operation::head_bucket::HeadBucketError;
        use aws_smithy_runtime_api::http::StatusCode;
        use aws_smithy_types::body::SdkBody;
        use aws_smithy_types::error::ErrorMetadata;

        fn fault<E: ProvideErrorMetadata + StdError + 'static>(error: E) -> Fault {
            let answer = HttpResponse::new(StatusCode::try_from(503).unwrap(), SdkBody::empty());
            SdkError::service_error(error, answer).into()
        }
        let nothing = || ErrorMetadata::builder().code("InternalError").build();
        let created = fault(CreateVpcError::generic(nothing()));
        assert_eq!((created.kind, created.request), (Kind::Uncertain, "CreateVpc"));
        let created = Error::from(created);
        assert!(created.to_string().contains("may have taken effect"));
        assert!(!created.is_undone());
        assert!(Error::from(refused("VpcLimitExceeded")).is_undone());
        for read in [
            fault(DescribeVpcsError::generic(nothing())),
            fault(GetRoleError::generic(nothing())),
            fault(HeadBucketError::generic(nothing())),
        ] {
            assert_eq!(read.kind, Kind::Unanswered, "{}", read.request);
            let read = Error::from(read);
            assert!(!read.to_string().contains("taken effect"));
            assert!(!read.is_undone(), "of what was made before it, a look that failed says nothing");
        }
    }

    #[test]
    fn what_is_gone_is_the_thing_itself() {
        let gone = |code: &str| gone_is_fine::<()>(Err(refused(code)), &["InvalidVpcEndpoint"]).is_ok();
        assert!(gone("InvalidVpcEndpointId.NotFound") && gone("InvalidVpcEndpoint.NotFound"));
        assert!(gone("InvalidVPCEndpointID.Malformed"));
        assert!(!gone("InvalidRouteTableID.NotFound"), "a part of it is missing");
        assert!(!gone("DependencyViolation"));
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
