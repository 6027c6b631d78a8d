//! What a provider writes: resources, data sources, ephemeral resources and functions.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::{Call, Marked, Marker};
use crate::diagnostic::{Diagnostic, Error, Failed, Path, Result};

/// A struct whose fields are the attributes of a Terraform object. Each field is an [`Attr`](crate::Attr) with an `x-tf`
/// extension; its doc comment is the description that users read.
pub trait Object: Serialize + DeserializeOwned + JsonSchema + Debug + Default + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + JsonSchema + Debug + Default + Clone + Send + Sync + 'static> Object for T {}

/// What a resource talks to, made from the configured provider's context.
pub trait Client<Context>: Send + Sync + Sized + 'static {
    /// Where it reaches, in a word of the provider's: `account`, `workspace`. It tells tests which environment an object
    /// needs.
    const LEVEL: &'static str;

    /// The client, or why there is none (an unknown region while planning, say).
    fn connect(context: &Context) -> impl Future<Output = Result<Arc<Self>>> + Send;

    /// The attributes of the provider for whose values there is no client yet: they are known only after something is applied (a
    /// token that is renewed, say). Objects are not read then: they stay as they are known, and the plan goes on.
    fn unknown(context: &Context) -> Vec<&'static str> {
        let _ = context;
        Vec::new()
    }

    /// A stored state has the object of this marker, which a read has just shown: its mark may go. To be done at leisure, and
    /// for many objects at once.
    fn stored(&self, marker: &Marker) {
        let _ = marker;
    }

    /// What stands against a change through it: that the service refuses the credentials, say. A plan that makes or changes an
    /// object asks before anything is made; whoever has to ask a service for the answer asks it once.
    fn obstacle(context: &Context) -> impl Future<Output = Option<Diagnostic>> + Send {
        let _ = context;
        async { None }
    }
}

/// How long operations may take where the configuration's `timeouts` block says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Limit of a create and what it waits for.
    pub create: Duration,
    /// Limit of an update and what it waits for.
    pub update: Duration,
    /// Limit of a delete and what it waits for.
    pub delete: Duration,
}

impl Timeouts {
    /// The same limit, in minutes, for create, update and delete.
    pub const fn minutes(minutes: u64) -> Self {
        let limit = Duration::from_secs(minutes * 60);
        Self { create: limit, update: limit, delete: limit }
    }
}

/// What becomes of a resource whose object is removed outside Terraform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// The object is gone, and the next apply makes another one.
    Gone,
    /// The service keeps the object for a while, and the next apply takes its removal back.
    Reversible,
    /// It is a setting, which is on or off and always there.
    Setting,
    /// It is something that happened, a run: nobody makes it happen again because its traces are gone.
    History,
}

/// A resource: one struct, which is its schema, documentation, validation and state, and its operations.
///
/// What the framework does for every resource, so that none does it again: the plan (defaults, computed values,
/// replacement, write-only values), validation by the JSON schema, the `timeouts` block, unknown values, values that say
/// nothing (`""`, `[]`, `{}` and null elements of what is optional arrive as null, or as the default), upgrades of removed
/// attributes, states of other providers, the marker that finds an object again after a kill.
pub trait Resource: Object {
    /// The full type name, `databricks_aws_vpc`.
    const NAME: &'static str;
    /// A complete configuration, as `terraform fmt` writes it, whose object is named `example`. The documentation shows
    /// it and the contract test applies it.
    const EXAMPLE: &'static str;
    /// An edit of [`Self::EXAMPLE`] (text, replacement) that is an update in place. `None`: nothing can be updated.
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = None;
    /// An edit of [`Self::EXAMPLE`] (text, replacement) that replaces the object.
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = None;
    /// What an import id looks like: `vpc-0123456789abcdef0`. `None`: cannot be imported.
    const IMPORT_ID: Option<&'static str>;
    /// The version of the state's shape. Raise it when a stored state needs [`Self::upgrade`].
    const VERSION: i64 = 0;
    /// Whether there is no update: every change of a configured attribute replaces the object.
    const IMMUTABLE: bool = false;
    /// Whether the service takes the object's name once only, so that [`Self::marked`] is of no use before a create is refused.
    const NAMED: bool = false;
    /// Whether nothing on the object tells whose it is, and its values alone let [`Self::find`] find it.
    const UNMARKED: bool = false;
    /// What becomes of the object when it is removed outside Terraform.
    const REMOVAL: Removal = Removal::Gone;
    /// Limits of the operations. The `timeouts` block overrides them.
    const TIMEOUTS: Timeouts = Timeouts::minutes(20);

    /// What the operations talk to.
    type Client: Send + Sync + 'static;

    /// Checks that JSON schema cannot express. Unknown attributes are to be left alone: it is called again when they are known.
    fn validate(config: &Self) -> Vec<Diagnostic> {
        let _ = config;
        Vec::new()
    }

    /// The resource's own say in the plan, after the framework's. Pure: the same answer whenever it is asked.
    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        let _ = planning;
        Ok(())
    }

    /// Makes the object and returns at once with its id: what must be waited for is waited for in [`Self::ready`].
    /// Where the API takes tags, the marker's tag goes in with the creating request itself.
    fn create(
        cx: &Call<Self::Client>,
        plan: Self,
    ) -> impl Future<Output = std::result::Result<Self, Failed<Self>>> + Send;

    /// Waits until a new or updated object can be used, and returns it as it then is. A failure keeps `state` (tainted).
    fn ready(cx: &Call<Self::Client>, state: Self) -> impl Future<Output = Result<Self>> + Send {
        let _ = cx;
        async move { Ok(state) }
    }

    /// Looks for the object of an earlier create of the same plan that was killed or cut off before its answer arrived.
    /// The framework calls it only after such an accident, and then converges what is found with [`Self::update`].
    fn find(
        cx: &Call<Self::Client>,
        plan: &Self,
        marker: &Marker,
    ) -> impl Future<Output = Result<Option<Self>>> + Send {
        let _ = (cx, plan, marker);
        async { Ok(None) }
    }

    /// The objects of this kind that bear a mark, of whatever create: one bounded look for all creates of a run, which the client
    /// keeps. By it a create on a machine without a journal finds what was made before a kill. What has a name that the service
    /// takes once only is asked for when it is refused as existing ([`Error::exists`]): by its name, as `plan` has it.
    fn marked(cx: &Call<Self::Client>, plan: &Self) -> impl Future<Output = Result<Vec<Marked>>> + Send {
        let _ = (cx, plan);
        async { Ok(Vec::new()) }
    }

    /// The object as it is now; `None` if it is gone. `state` holds what was last known, or after an import only the id.
    /// Never an error for "gone", never `None` for "could not ask".
    fn read(cx: &Call<Self::Client>, state: Self) -> impl Future<Output = Result<Option<Self>>> + Send;

    /// Changes the object from `state` to `plan`, in place. Sends what differs and nothing else.
    fn update(
        cx: &Call<Self::Client>,
        state: Self,
        plan: Self,
    ) -> impl Future<Output = std::result::Result<Self, Failed<Self>>> + Send {
        let _ = (cx, state, plan);
        async {
            Err(Error::new(format!("{} has no update", Self::NAME)).detail("This is a bug of the provider.").into())
        }
    }

    /// Removes the object and waits until it is gone. An object that is already gone is a success.
    fn delete(cx: &Call<Self::Client>, state: Self) -> impl Future<Output = Result<()>> + Send;

    /// Why the object of `state` cannot be removed as it is. It is asked while a destroy or a replacement is planned, before
    /// anything else is destroyed. What could not be asked is no reason.
    fn check_removal(cx: &Call<Self::Client>, state: &Self) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, state);
        async { Ok(()) }
    }

    /// What the service tells, while it is planned, against what the object is to become: an error for what no apply could do, and
    /// warnings for what another change of the same apply may mend. What is unknown in `planned`, and what could not be asked, is
    /// neither. It is asked where something changes.
    fn check_change(cx: &Call<Self::Client>, planned: &Self) -> impl Future<Output = Result<Vec<Diagnostic>>> + Send {
        let _ = (cx, planned);
        async { Ok(Vec::new()) }
    }

    /// The state that an import starts from; it is read afterwards. The default sets the attribute `id`.
    fn import(cx: &Call<Self::Client>, id: &str) -> impl Future<Output = Result<Self>> + Send {
        let _ = cx;
        let state = crate::import_by_id::<Self>(id);
        async move { state }
    }

    /// An object of another provider's type that a `moved` block brings here, as one of this type: with an id that is made
    /// of other attributes, say. It has what could be read of the other state; the refresh that follows knows the rest.
    fn adopt(state: Self) -> Self {
        state
    }

    /// Brings a stored state of an older [`Self::VERSION`] to the present shape. What [`Self::VERSION`] needs for the
    /// official provider's states needs no code: attributes that are no more are left out, a list of one stands for a block.
    fn upgrade(version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        let _ = version;
        Ok(state)
    }
}

/// What a resource may look at, and change, while a plan is made.
pub struct Planning<'a, R: Resource> {
    /// The stored object; `None` for a create.
    pub prior: Option<&'a R>,
    /// The configuration, write-only values included.
    pub config: &'a R,
    /// The plan so far. Computed attributes may be made known here, or unknown.
    pub planned: &'a mut R,
    /// Attributes whose change replaces the object, beside those that the schema names.
    pub replaces: &'a mut Vec<Path>,
    /// What is said beside the plan, and does not stop it.
    pub warnings: &'a mut Vec<Diagnostic>,
    /// The client; `None` while the provider's configuration is unknown.
    pub client: Option<&'a R::Client>,
    /// The time of the plan.
    pub now: Timestamp,
}

/// A data source: reads, and changes nothing.
pub trait DataSource: Object {
    /// The full type name.
    const NAME: &'static str;
    /// A complete configuration whose data source is named `example`.
    const EXAMPLE: &'static str;
    /// How long a read may take.
    const LIMIT: Duration = Duration::from_secs(5 * 60);
    /// What the data source talks to.
    type Client: Send + Sync + 'static;

    /// Checks that JSON schema cannot express.
    fn validate(config: &Self) -> Vec<Diagnostic> {
        let _ = config;
        Vec::new()
    }

    /// Reads. An object that does not exist is an error.
    fn read(cx: &Call<Self::Client>, config: Self) -> impl Future<Output = Result<Self>> + Send;

    /// What is said beside what was read.
    fn warnings(read: &Self) -> Vec<Diagnostic> {
        let _ = read;
        Vec::new()
    }
}

/// An open ephemeral resource.
#[derive(Debug)]
pub struct Opened<T> {
    /// The result, configured values unchanged.
    pub result: T,
    /// What renew and close need; kept by Terraform in memory only.
    pub private: Vec<u8>,
    /// When to renew it.
    pub renew_at: Option<Timestamp>,
}

/// An ephemeral resource: opened when needed, closed at the end, in no plan and no state.
pub trait Ephemeral: Object {
    /// The full type name.
    const NAME: &'static str;
    /// A complete configuration whose ephemeral resource is named `example`.
    const EXAMPLE: &'static str;
    /// How long each of its operations may take.
    const LIMIT: Duration = Duration::from_secs(10 * 60);
    /// What the resource talks to.
    type Client: Send + Sync + 'static;

    /// Checks that JSON schema cannot express.
    fn validate(config: &Self) -> Vec<Diagnostic> {
        let _ = config;
        Vec::new()
    }

    /// Opens it.
    fn open(cx: &Call<Self::Client>, config: Self) -> impl Future<Output = Result<Opened<Self>>> + Send;

    /// Renews it; answers when to renew it next, with new private bytes.
    fn renew(
        cx: &Call<Self::Client>,
        private: Vec<u8>,
    ) -> impl Future<Output = Result<(Vec<u8>, Option<Timestamp>)>> + Send {
        let _ = cx;
        async move { Ok((private, None)) }
    }

    /// Closes it: revokes what was issued.
    fn close(cx: &Call<Self::Client>, private: Vec<u8>) -> impl Future<Output = Result<()>> + Send;
}

/// Why a function failed, and which argument is to blame (counted from 0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// The message.
    pub text: String,
    /// The argument.
    pub argument: Option<i64>,
}

/// A function of the provider: pure, without configuration. `self` are the arguments, in the order of the fields; a
/// field is `required` in `x-tf` or may be null; the last field is variadic if it is a `Vec` flagged `OPTIONAL`.
pub trait Function: Object {
    /// The name, without the provider: `aws_assume_role_policy`.
    const NAME: &'static str;
    /// One sentence.
    const SUMMARY: &'static str;
    /// A complete configuration with the function in an output named `example`.
    const EXAMPLE: &'static str;
    /// The type of the result.
    type Output: Serialize + JsonSchema;

    /// Computes the result.
    fn call(self) -> std::result::Result<Self::Output, FunctionError>;
}
