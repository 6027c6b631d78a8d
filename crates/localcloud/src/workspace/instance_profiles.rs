//! Instance profiles that clusters may use. <https://docs.databricks.com/api/workspace/instanceprofiles>

use http::Method;

use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{Id, Kind, Line, Told, Verb};

const CALLS: &[Line] = &[
    (Method::POST, "/add", Verb::Create),
    (Method::GET, "/list", Verb::List),
    (Method::POST, "/edit", Verb::Replace),
    (Method::POST, "/remove", Verb::Delete),
];

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Instance profile",
    key: "instance_profiles",
    path: "/api/2.0/instance-profiles",
    calls: &[CALLS],
    id: ("instance_profile_arn", Id::Name),
    create: "compute.AddInstanceProfile",
    change: "compute.InstanceProfile",
    object: "compute.InstanceProfile",
    items: "instance_profiles",
    created: Told::Nothing,
    changed: Told::Nothing,
    admins: "manage instance profiles",
    make: check,
    alter: |cx, _, after| check(cx, after),
    ..Kind::PLAIN
};

fn check(_: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    object.fill("is_meta_instance_profile", false);
    let arn = object.text("instance_profile_arn");
    if arn.starts_with("arn:aws") && arn.contains(":iam::") && arn.contains(":instance-profile/") {
        Ok(())
    } else {
        Err(ApiError::invalid(format!("instance_profile_arn {arn} is not the ARN of an instance profile.")))
    }
}
