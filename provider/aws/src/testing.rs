//! For tests: an AWS account of the local cloud that all tests of this process share, plans as the framework makes them, and
//! the networks that resources stand in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::Timestamp;
use localcloud::{AwsAccount, Fault};
use tfplugin::testing::planned;
use tfplugin::{Attr, Call, Marker, Resource, Set};
use tokio_util::sync::CancellationToken;

use super::client::Aws;
use super::security_group::SecurityGroup;
use super::security_group_rules::Rule;
use super::subnet::Subnet;
use super::tags::Tags;
use super::vpc::Vpc;
use crate::config::Endpoints;

/// An AWS account of a test's own.
pub(crate) struct Cloud {
    account: AwsAccount,
}

/// A new account of the shared local cloud.
pub(crate) fn cloud() -> Cloud {
    let running = localcloud::shared(&localcloud::venv_of_tests()).unwrap();
    Cloud { account: running.aws_account().unwrap() }
}

impl Cloud {
    /// The clients, with a default tag.
    pub(crate) fn aws(&self) -> Aws {
        let credentials =
            Credentials::new(self.account.access_key_id(), self.account.secret_access_key(), None, None, "test");
        aws_at(self.account.endpoint(), credentials)
    }

    /// A call that may take a minute.
    pub(crate) fn call(&self) -> Call<Aws> {
        call(self.aws(), 60)
    }

    /// The account's number.
    pub(crate) fn id(&self) -> &str {
        self.account.id()
    }

    /// A bucket name of this test: bucket names are of the whole world.
    pub(crate) fn bucket(&self, name: &str) -> String {
        format!("{name}-{}", self.id())
    }

    /// Misbehaves from now on.
    pub(crate) fn fault(&self, fault: Fault) {
        self.account.fault(fault);
    }

    /// Refuses the next `times` calls of an action (`ec2:CreateVpc`); they do not take effect.
    pub(crate) fn refuse(&self, action: &str, times: u32, status: u16, code: &str) {
        let message = Some("Injected: invalid principal.".to_owned());
        self.fault(Fault { times, message, ..Fault::once(action, status, code) });
    }

    /// How often an action was asked for.
    pub(crate) fn asked(&self, action: &str) -> usize {
        self.account.asked(action)
    }

    /// The actions that `work` asks for, in their order.
    pub(crate) async fn actions<T>(&self, work: impl Future<Output = T>) -> (T, Vec<String>) {
        let before = self.account.requests().len();
        let result = work.await;
        let actions = self.account.requests().into_iter().skip(before).map(|entry| entry.path);
        (result, actions.collect())
    }
}

/// Clients of an endpoint.
pub(crate) fn aws_at(endpoint: &str, credentials: Credentials) -> Aws {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(10)))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let tags = BTreeMap::from([("team".to_owned(), "data".to_owned())]);
    Aws::from_config(&config, &Endpoints::default(), None, tags).unwrap()
}

/// A call with a mark of its own.
pub(crate) fn call(aws: Aws, seconds: u64) -> Call<Aws> {
    let marker = Marker::new(uuid::Uuid::new_v4().to_string(), Timestamp::now());
    Call::new(Arc::new(aws), CancellationToken::new(), Duration::from_secs(seconds), marker)
}

/// Plans an object that a configuration describes, creates it and waits for it.
pub(crate) async fn make<R: Resource<Client = Aws>>(cx: &Call<Aws>, config: R) -> R {
    let plan = planned(Some(cx.client()), None, &config).unwrap().object;
    let created = R::create(cx, plan).await.map_err(|failed| failed.error.to_string()).unwrap();
    R::ready(cx, created).await.unwrap()
}

/// Plans the change to another configuration, makes it and waits for it. What the plan says is then so, and planned again there
/// is nothing to change.
pub(crate) async fn change<R: Resource<Client = Aws>>(cx: &Call<Aws>, state: R, config: R) -> R {
    let plan = planned(Some(cx.client()), Some(&state), &config).unwrap();
    assert_eq!(plan.replaces, [], "{} is changed in place", R::NAME);
    let updated = R::update(cx, state, plan.object).await.map_err(|failed| failed.error.to_string()).unwrap();
    let changed = R::ready(cx, updated).await.unwrap();
    settled(cx, &changed, &config).await;
    changed
}

/// A refresh and a plan find nothing to change.
pub(crate) async fn settled<R: Resource<Client = Aws>>(cx: &Call<Aws>, state: &R, config: &R) {
    cx.client().tables.changed();
    let read = R::read(cx, state.clone()).await.unwrap().unwrap();
    same("a refresh", state, &read);
    let plan = planned(Some(cx.client()), Some(&read), config).unwrap();
    assert!(!plan.changes, "{} is planned to change: {read:?} to {:?}", R::NAME, plan.object);
}

/// Creates an object, and holds its promises: a read shows no difference, a plan no change, an import reads the same, and the
/// mark finds it, or, where the object is its own key, a second creation is the same object.
pub(crate) async fn hold<R: Resource<Client = Aws>>(cloud: &Cloud, config: R, import_id: impl Fn(&R) -> String) -> R {
    let cx = cloud.call();
    let made = make(&cx, config.clone()).await;
    settled(&cx, &made, &config).await;
    let imported = R::import(&cx, &import_id(&made)).await.unwrap();
    same("an import", &made, &R::read(&cx, imported).await.unwrap().unwrap());
    let plan = planned(Some(cx.client()), None, &config).unwrap().object;
    match R::find(&cx, &plan, cx.marker()).await.unwrap() {
        Some(found) => same("being found", &made, &R::read(&cx, found).await.unwrap().unwrap()),
        None => same("being made again", &made, &make(&cx, config).await),
    }
    made
}

/// Deletes an object, twice, and looks for it.
pub(crate) async fn end<R: Resource<Client = Aws>>(cloud: &Cloud, state: R) {
    let cx = cloud.call();
    R::delete(&cx, state.clone()).await.unwrap();
    assert!(R::read(&cx, state.clone()).await.unwrap().is_none(), "{} is still there", R::NAME);
    R::delete(&cx, state).await.unwrap();
}

fn same<R: Resource>(what: &str, expected: &R, found: &R) {
    let json = |object: &R| {
        let mut json = serde_json::to_value(object).unwrap();
        for ignored in tfplugin::reconcile::import_ignores::<R>() {
            json[ignored.as_str()] = serde_json::Value::Null;
        }
        // An import cannot tell no tags from an empty map.
        if json["tags"] == serde_json::json!({}) {
            json["tags"] = serde_json::Value::Null;
        }
        json
    };
    assert_eq!(json(expected), json(found), "{} after {what}", R::NAME);
}

/// Tags of one name.
pub(crate) fn named(name: &str) -> Attr<Tags> {
    Attr::Known(Tags::from([("Name".to_owned(), name.into())]))
}

/// The configuration of a VPC.
pub(crate) fn vpc() -> Vpc {
    Vpc { cidr_block: "10.40.0.0/16".into(), enable_dns_hostnames: true.into(), tags: named("test"), ..Vpc::default() }
}

/// The configuration of a subnet.
pub(crate) fn subnet(vpc: &Vpc, range: &str) -> Subnet {
    Subnet { vpc_id: vpc.id.clone(), cidr_block: range.into(), ..Subnet::default() }
}

/// The configuration of a security group without rules.
pub(crate) fn group(vpc: &Vpc, name: &str) -> SecurityGroup {
    SecurityGroup { name: name.into(), vpc_id: vpc.id.clone(), ..SecurityGroup::default() }
}

/// Blocks of rules.
pub(crate) fn rules(rules: &[Rule]) -> Attr<Set<Rule>> {
    Attr::Known(Set(rules.to_vec()))
}

/// A rule for HTTPS with a range; an empty one is none.
pub(crate) fn https(range: &str) -> Rule {
    let ranges = if range.is_empty() { Attr::Null } else { Attr::Known(vec![range.into()]) };
    Rule { from_port: 443.into(), to_port: 443.into(), protocol: "tcp".into(), cidr_blocks: ranges, ..Rule::default() }
}
