//! The queues by which an external location hears of new files: one that Databricks makes, or one that is there.

use crate::rest::prelude::*;

/// A queue of file events, of one kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FileEventQueue {
    /// A queue in SQS that Databricks makes.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub managed_sqs: Attr<ManagedSqs>,
    /// A queue in SQS that is there.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub provided_sqs: Attr<ProvidedSqs>,
    /// A queue on Azure that Databricks makes.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub managed_aqs: Attr<ManagedAqs>,
    /// A queue on Azure that is there.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub provided_aqs: Attr<ProvidedAqs>,
    /// A subscription of Pub/Sub that Databricks makes.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub managed_pubsub: Attr<ManagedPubsub>,
    /// A subscription of Pub/Sub that is there.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub provided_pubsub: Attr<ProvidedPubsub>,
}

impl FileEventQueue {
    /// Whether each kind is set.
    pub(super) fn kinds(&self) -> [Option<bool>; 6] {
        [
            self.managed_sqs.is_set(),
            self.provided_sqs.is_set(),
            self.managed_aqs.is_set(),
            self.provided_aqs.is_set(),
            self.managed_pubsub.is_set(),
            self.provided_pubsub.is_set(),
        ]
    }
}

/// A queue in SQS that Databricks makes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ManagedSqs {
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub managed_resource_id: Attr<String>,
    /// Address of the queue, once it is made.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub queue_url: Attr<String>,
}

/// A queue in SQS that is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProvidedSqs {
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub managed_resource_id: Attr<String>,
    /// Address of the queue.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub queue_url: Attr<String>,
}

/// A queue on Azure that Databricks makes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ManagedAqs {
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub managed_resource_id: Attr<String>,
    /// Address of the queue, once it is made.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub queue_url: Attr<String>,
    /// Resource group of the storage account.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub resource_group: Attr<String>,
    /// Subscription of the storage account.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub subscription_id: Attr<String>,
}

/// A queue on Azure that is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProvidedAqs {
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub managed_resource_id: Attr<String>,
    /// Address of the queue.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub queue_url: Attr<String>,
    /// Resource group of the queue.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub resource_group: Attr<String>,
    /// Subscription of the queue.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub subscription_id: Attr<String>,
}

/// A subscription of Pub/Sub that Databricks makes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ManagedPubsub {
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub managed_resource_id: Attr<String>,
    /// Name of the subscription, once it is made.
    #[schemars(extend("x-tf" = OPTIONAL.service_default()))]
    pub subscription_name: Attr<String>,
}

/// A subscription of Pub/Sub that is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProvidedPubsub {
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub managed_resource_id: Attr<String>,
    /// Name of the subscription.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub subscription_name: Attr<String>,
}

/// The queue that is in effect. The service alone says it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EffectiveFileEventQueue {
    /// A queue in SQS that Databricks made.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub managed_sqs: Attr<EffectiveSqs>,
    /// A queue in SQS that was there.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub provided_sqs: Attr<EffectiveSqs>,
    /// A queue on Azure that Databricks made.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub managed_aqs: Attr<EffectiveAqs>,
    /// A queue on Azure that was there.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub provided_aqs: Attr<EffectiveAqs>,
    /// A subscription of Pub/Sub that Databricks made.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub managed_pubsub: Attr<EffectivePubsub>,
    /// A subscription of Pub/Sub that was there.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub provided_pubsub: Attr<EffectivePubsub>,
}

/// A queue in SQS.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EffectiveSqs {
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub managed_resource_id: Attr<String>,
    /// Address of the queue.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub queue_url: Attr<String>,
}

/// A queue on Azure.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EffectiveAqs {
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub managed_resource_id: Attr<String>,
    /// Address of the queue.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub queue_url: Attr<String>,
    /// Resource group of the queue.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub resource_group: Attr<String>,
    /// Subscription of the queue.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub subscription_id: Attr<String>,
}

/// A subscription of Pub/Sub.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EffectivePubsub {
    /// Id that the service gives it.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub managed_resource_id: Attr<String>,
    /// Name of the subscription.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub subscription_name: Attr<String>,
}
