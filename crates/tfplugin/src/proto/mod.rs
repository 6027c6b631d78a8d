//! The messages of tfplugin6 at version 6.10, written by hand: those that we serve, with the fields that we use. Fields
//! that are left out are skipped on reading, as protocol buffers do with fields that they do not know.

pub(crate) mod action;
pub(crate) mod common;
pub(crate) mod plugin;
pub(crate) mod reading;
pub(crate) mod resource;
pub(crate) mod schema;

pub(crate) use action::{InvokeActionEvent, InvokeActionRequest, PlanActionRequest, PlanActionResponse};
pub(crate) use common::*;
pub(crate) use reading::*;
pub(crate) use resource::*;
