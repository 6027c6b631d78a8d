//! What a caller must be allowed to do for each call, and a policy that says what it may. Pure.
//! Sources: the service authorization reference,
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>, and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>.

use http::{HeaderMap, header};
use serde_json::Value;

use super::action::Action;
use super::bucket_policy::is_like;

/// One thing to be allowed: an action of IAM's, on a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Permission {
    pub(super) action: String,
    pub(super) resource: String,
}

/// A policy of an identity. Its statements allow; their conditions are not judged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy(Vec<Statement>);

#[derive(Debug, Clone)]
struct Statement {
    actions: Vec<String>,
    resources: Vec<String>,
}

impl Policy {
    /// Reads a policy document.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        let statements = document.get("Statement").ok_or("it has no Statement")?;
        several(statements).iter().map(|one| statement(one)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it allows that.
    pub(super) fn allows(&self, permission: &Permission) -> bool {
        let Permission { action, resource } = permission;
        self.0.iter().any(|one| {
            // Actions are compared without regard to case, resources with it.
            one.actions.iter().any(|glob| is_like(&glob.to_lowercase(), &action.to_lowercase()))
                && one.resources.iter().any(|glob| is_like(glob, resource))
        })
    }
}

fn statement(statement: &Value) -> Result<Statement, String> {
    let texts = |name: &str| -> Result<Vec<String>, String> {
        let given = statement.get(name).ok_or_else(|| format!("a statement has no {name}"))?;
        let text = |one: &&Value| one.as_str().map(str::to_owned).ok_or_else(|| format!("{name} is no text"));
        several(given).iter().map(text).collect()
    };
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return Err("only statements that allow are judged here".to_owned());
    }
    Ok(Statement { actions: texts("Action")?, resources: texts("Resource")? })
}

/// One, or those of a list.
fn several(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |all| all.iter().collect())
}

/// S3's actions whose names are not those of the calls.
const S3: &[(&str, &[&str])] = &[
    ("ListBuckets", &["s3:ListAllMyBuckets"]),
    ("HeadBucket", &["s3:ListBucket"]),
    ("ListObjects", &["s3:ListBucket"]),
    ("ListObjectsV2", &["s3:ListBucket"]),
    ("ListObjectVersions", &["s3:ListBucketVersions"]),
    ("DeleteObjects", &["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    ("HeadObject", &["s3:GetObject"]),
    ("GetBucketEncryption", &["s3:GetEncryptionConfiguration"]),
    ("PutBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    ("DeleteBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    ("GetPublicAccessBlock", &["s3:GetBucketPublicAccessBlock"]),
    ("PutPublicAccessBlock", &["s3:PutBucketPublicAccessBlock"]),
    ("DeletePublicAccessBlock", &["s3:PutBucketPublicAccessBlock"]),
    ("GetBucketLifecycleConfiguration", &["s3:GetLifecycleConfiguration"]),
    ("PutBucketLifecycleConfiguration", &["s3:PutLifecycleConfiguration"]),
    ("DeleteBucketLifecycleConfiguration", &["s3:PutLifecycleConfiguration"]),
    ("DeleteBucketTagging", &["s3:PutBucketTagging"]),
    ("DeleteBucketOwnershipControls", &["s3:PutBucketOwnershipControls"]),
];

/// What a call needs beyond the action of its name: the service and the call, the parameter that makes it need that, if any, and the
/// permission.
const FURTHER: &[(&str, &str, &str, &str)] = &[
    ("ec2", "", "TagSpecification.1.ResourceType", "ec2:CreateTags"),
    ("ec2", "CreateVpcEndpoint", "PrivateDnsEnabled", "route53:AssociateVPCWithHostedZone"),
    ("ec2", "CreateFlowLogs", "", "logs:CreateLogDelivery"),
    ("ec2", "DeleteFlowLogs", "", "logs:DeleteLogDelivery"),
    ("iam", "CreateRole", "Tags.member.1.Key", "iam:TagRole"),
    ("iam", "CreatePolicy", "Tags.member.1.Key", "iam:TagPolicy"),
    ("iam", "CreateInstanceProfile", "Tags.member.1.Key", "iam:TagInstanceProfile"),
    ("iam", "AddRoleToInstanceProfile", "", "iam:PassRole"),
];

/// What a caller of an account must be allowed to do for a call. Who one is, anybody may ask.
pub(super) fn needed(action: &Action, path: &str, headers: &HeaderMap, body: &[u8], account: &str) -> Vec<Permission> {
    if action.service == "sts" && action.name == "GetCallerIdentity" {
        return Vec::new();
    }
    if action.service == "s3" {
        return of_s3(action, path, headers);
    }
    let resource = resource(action, account);
    let further = FURTHER.iter().filter(|(service, call, parameter, _)| {
        *service == action.service
            && (call.is_empty() || *call == action.name)
            && (parameter.is_empty() || action.parameter(parameter).is_some_and(|value| value != "false"))
    });
    let mut names: Vec<String> = further.map(|(.., name)| (*name).to_owned()).collect();
    names.insert(0, action.full_name());
    if action.service == "kms" && action.name == "CreateKey" {
        let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let has = |name: &str| body.get(name).is_some_and(|value| value.as_array().is_none_or(|all| !all.is_empty()));
        // Who makes a key must be able to change its policy afterwards, or is refused.
        for (parameter, name) in [("Tags", "kms:TagResource"), ("Policy", "kms:PutKeyPolicy")] {
            names.extend(has(parameter).then(|| name.to_owned()));
        }
    }
    let permission = |name: String| {
        let role = action.parameter("RoleName").filter(|_| name == "iam:PassRole");
        let resource = role.map_or_else(|| resource.clone(), |role| arn(account, "role", role));
        Permission { action: name, resource }
    };
    names.into_iter().map(permission).collect()
}

fn of_s3(action: &Action, path: &str, headers: &HeaderMap) -> Vec<Permission> {
    let own = [format!("s3:{}", action.name)];
    let names = S3.iter().find(|(call, _)| *call == action.name).map(|(_, names)| *names);
    let names: Vec<String> = names.map_or(own.to_vec(), |names| names.iter().map(|name| (*name).to_owned()).collect());
    let bucket = bucket(path, headers);
    let permission = |action: String| {
        let resource = match action.as_str() {
            "s3:ListAllMyBuckets" => "*".to_owned(),
            name if name.contains("Object") => format!("arn:aws:s3:::{bucket}/*"),
            _ => format!("arn:aws:s3:::{bucket}"),
        };
        Permission { action, resource }
    };
    names.into_iter().map(permission).collect()
}

/// The bucket of a request: the first part of its path, or of its host.
fn bucket<'a>(path: &'a str, headers: &'a HeaderMap) -> &'a str {
    let in_path = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if !in_path.is_empty() {
        return in_path;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.split('.').next().unwrap_or_default()
}

/// What a call is about, where IAM's policies name it.
fn resource(action: &Action, account: &str) -> String {
    if action.service != "iam" {
        return "*".to_owned();
    }
    if let Some(arn) = action
        .parameter("PolicyArn")
        .filter(|_| action.name.ends_with("Policy") && action.parameter("RoleName").is_none())
    {
        return arn.to_owned();
    }
    let kinds = [("InstanceProfileName", "instance-profile"), ("RoleName", "role"), ("PolicyName", "policy")];
    let found = kinds.iter().find_map(|(parameter, kind)| Some(arn(account, kind, action.parameter(parameter)?)));
    found.unwrap_or_else(|| "*".to_owned())
}

fn arn(account: &str, kind: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:{kind}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(name: &str, parameters: &[(&str, &str)]) -> Action {
        let (service, name) = name.split_once(':').unwrap();
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Action { service: service.to_owned(), name: name.to_owned(), parameters, ..Action::default() }
    }

    fn check(name: &str, parameters: &[(&str, &str)], path: &str, expected: &[(&str, &str)]) {
        let needed = needed(&action(name, parameters), path, &HeaderMap::new(), b"", "123456789012");
        let needed: Vec<(&str, &str)> = needed.iter().map(|one| (one.action.as_str(), one.resource.as_str())).collect();
        assert_eq!(needed, expected, "{name}");
    }

    #[test]
    fn a_call_needs_what_iam_calls_it_and_what_goes_with_it() {
        check("sts:GetCallerIdentity", &[], "/", &[]);
        check("ec2:DescribeVpcs", &[], "/", &[("ec2:DescribeVpcs", "*")]);
        let tagged = [("TagSpecification.1.ResourceType", "vpc")];
        check("ec2:CreateVpc", &tagged, "/", &[("ec2:CreateVpc", "*"), ("ec2:CreateTags", "*")]);
        let private = [("PrivateDnsEnabled", "true")];
        let both = [("ec2:CreateVpcEndpoint", "*"), ("route53:AssociateVPCWithHostedZone", "*")];
        check("ec2:CreateVpcEndpoint", &private, "/", &both);
        check("ec2:CreateVpcEndpoint", &[("PrivateDnsEnabled", "false")], "/", &both[..1]);
        check("s3:ListBuckets", &[], "/", &[("s3:ListAllMyBuckets", "*")]);
        check("s3:PutBucketEncryption", &[], "/a", &[("s3:PutEncryptionConfiguration", "arn:aws:s3:::a")]);
        check(
            "s3:DeleteObjects",
            &[],
            "/a",
            &[("s3:DeleteObject", "arn:aws:s3:::a/*"), ("s3:DeleteObjectVersion", "arn:aws:s3:::a/*")],
        );
        let role = [("RoleName", "r"), ("InstanceProfileName", "p")];
        check(
            "iam:AddRoleToInstanceProfile",
            &role,
            "/",
            &[
                ("iam:AddRoleToInstanceProfile", "arn:aws:iam::123456789012:instance-profile/p"),
                ("iam:PassRole", "arn:aws:iam::123456789012:role/r"),
            ],
        );
    }

    #[test]
    fn a_bucket_stands_in_the_path_or_in_the_host() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "lake.s3.localhost:1".parse().unwrap());
        assert_eq!(bucket("/root", &headers), "root");
        assert_eq!(bucket("/root/a/b", &headers), "root");
        assert_eq!(bucket("/", &headers), "lake");
    }

    #[test]
    fn a_policy_allows_what_one_of_its_statements_names() {
        let policy = Policy::read(
            r#"{"Statement": [
                {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
                {"Effect": "Allow", "Action": ["iam:GetRole"], "Resource": ["arn:aws:iam::1:role/a-*"]}
            ]}"#,
        )
        .unwrap();
        let allows = |action: &str, resource: &str| {
            policy.allows(&Permission { action: action.to_owned(), resource: resource.to_owned() })
        };
        assert!(allows("ec2:DescribeVpcs", "*") && allows("iam:GetRole", "arn:aws:iam::1:role/a-b"));
        assert!(
            !allows("ec2:CreateVpc", "*")
                && !allows("iam:GetRole", "arn:aws:iam::1:role/b")
                && !allows("iam:GetRole", "*")
        );
        assert!(Policy::read("{}").unwrap_err().contains("Statement"));
        assert!(Policy::read(r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#).is_err());
    }
}
