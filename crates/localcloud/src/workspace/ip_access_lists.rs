//! IP access lists of a workspace. <https://docs.databricks.com/api/workspace/ipaccesslists>

use std::net::IpAddr;

use serde_json::Value;

use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH, PUT};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "IP access list",
    key: "ip_access_lists",
    path: "/api/2.0/ip-access-lists",
    calls: &[COLLECTION, PATCH, PUT],
    id: ("list_id", Id::Uuid),
    create: "settings.CreateIpAccessList",
    change: "settings.UpdateIpAccessList",
    object: "settings.IpAccessListInfo",
    wrapped: "ip_access_list",
    items: "ip_access_lists",
    admins: "manage IP access lists",
    make: |cx, object| {
        object.set("enabled", true);
        check(cx, object)
    },
    alter: |cx, _, after| check(cx, after),
    ..Kind::PLAIN
};

/// An update does not say who made the list: the numbers of addresses are counted, and each is an address or a range.
fn check(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    // This API tells who it was by their number.
    let caller: i64 = cx.caller()?.principal.parse().unwrap_or_default();
    if !object.fields.get("created_by").is_some_and(Value::is_number) {
        object.set("created_by", caller);
    }
    object.set("updated_by", caller);
    let all = object.fields.get("ip_addresses").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_address = |text: &str| {
        let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
        address.parse::<IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= 128)
    };
    match all.iter().filter_map(Value::as_str).find(|text| !is_address(text)) {
        Some(text) => Err(ApiError::invalid(format!("{text} is not an IP address or a range of them."))),
        None => {
            object.set("address_count", all.len());
            Ok(())
        }
    }
}
