//! The calls that a description stands for.

use std::marker::PhantomData;
use std::time::Duration;

use databricks::{IfExists, Request, segment};
use serde_json::{Map, Value as Json, json};
use tfplugin::{Call, Error, Probe, Result, reconcile};
use tokio::time::Instant;

use super::api::{Shape, Update};
use super::place::Place;
use super::{Of, Rest};
use crate::clients::Reach;
use crate::creation::uncreated;
use crate::level;

/// How long a refusal that is a success a moment later is asked again.
const PROPAGATION: Duration = Duration::from_secs(120);
/// How long an object that is still in use is asked to go: what used it is on its way out as well, or never will be.
const IN_USE: Duration = Duration::from_secs(5 * 60);

/// The calls of one operation.
pub(super) struct Calls<'a, T: Rest> {
    cx: &'a Call<T::Client>,
    client: databricks::Client,
    of: PhantomData<fn() -> T>,
}

/// Why a write was refused.
pub(super) enum Refused {
    /// There is one already, which the plan takes over.
    Existing,
    /// Another one has the name.
    Taken(Error),
    /// What it says cannot be: another one may have what only one can have, such as a subnet.
    Invalid(Error),
    /// For this reason.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The methods that objects are asked with.
#[derive(Clone, Copy)]
enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl<'a, T: Rest> Calls<'a, T> {
    /// Calls where `object` says that it stands.
    pub(super) async fn new(cx: &'a Call<T::Client>, object: &T) -> Result<Self> {
        let (api, config) = level::of(object)?;
        let client = cx.client().reach(&api, &config).await?;
        Ok(Self { cx, client, of: PhantomData })
    }

    pub(super) fn client(&self) -> &databricks::Client {
        &self.client
    }

    /// A request of the collection's path, or of what stands below it.
    fn request(&self, method: Method, place: &Place, below: &str) -> Request {
        let path = match T::API.account_path {
            Some(path) if self.client().is_account() => path,
            _ => T::API.path,
        };
        request(method, format!("{}{below}", place.fill(path)))
    }

    /// A request of the object itself.
    fn of_object(&self, method: Method, place: &Place) -> Request {
        self.request(method, place, &format!("/{}", segment(place.own())))
    }

    /// The member that holds the object, of requests and of answers.
    fn held_in(&self) -> (Option<&'static str>, Option<&'static str>) {
        match T::API.account_in {
            Some(member) if self.client().is_account() => (Some(member), Some(member)),
            _ => (T::API.request_in, T::API.answer_in),
        }
    }

    /// Makes the object.
    pub(super) async fn create(&self, place: &Place, mut body: Map<String, Json>, plan: &T) -> Result<Json, Refused> {
        set(&mut body, plan, T::API.create_flags.iter().map(|name| (*name, *name)))?;
        let request = match T::API.shape {
            Shape::Collection if T::API.create_puts => self.of_object(Method::Put, place),
            Shape::Collection if T::API.is_named_in_query && !place.own().is_empty() => {
                self.request(Method::Post, place, "").query(T::API.own(), place.own())
            }
            Shape::Collection => self.request(Method::Post, place, ""),
            Shape::Rpc => self.request(Method::Post, place, T::API.verbs[0]),
        };
        self.write(request, body, &|error| T::takes_over(plan, error)).await
    }

    /// The object that is there already, if there is no doubt which.
    pub(super) async fn only_one(&self, place: &Place) -> Result<Of<T>> {
        match self.list(place).await?.as_slice() {
            [only] => self.state(&place.clone().with_own(only)?, &T::default(), only),
            all => Err(Error::new(format!("There are {} objects of the kind {}", all.len(), T::NOUN))
                .detail("Which one to take over cannot be told: import the one that is meant.")),
        }
    }

    /// Changes the object, and answers it as it then is.
    pub(super) async fn update(
        &self,
        place: &Place,
        mut change: reconcile::Change,
        state: &T,
        plan: &T,
    ) -> Result<Json> {
        // An object inside the object is sent whole, with what the schema does not model.
        let whole = matches!(T::API.update, Update::Whole | Update::Edit) && !T::API.create_puts;
        let found = match whole || change.body.values().any(Json::is_object) {
            true => Some(self.get_new(place, Duration::ZERO).await?),
            false => None,
        };
        if found.is_some() {
            change = reconcile::changed(state, plan, found.as_ref())?;
        }
        let (body, request) = match (T::API.update, &found) {
            (Update::Whole, _) if T::API.create_puts => (reconcile::sent(plan)?, self.of_object(Method::Put, place)),
            (Update::Whole | Update::Edit, Some(found)) => {
                let Json::Object(body) = reconcile::over(found, state, plan)? else { return Ok(found.clone()) };
                let edit = format!("/{}/edit", segment(place.own()));
                let request = match (T::API.shape, T::API.update) {
                    (Shape::Rpc, _) => self.request(Method::Post, place, T::API.verbs[1]).idempotent(),
                    (_, Update::Edit) => self.request(Method::Post, place, &edit).idempotent(),
                    _ => self.of_object(Method::Put, place),
                };
                (body, request)
            }
            (Update::All, _) => {
                let mut body = reconcile::sent(plan)?;
                body.extend(change.body);
                (body, self.of_object(Method::Patch, place))
            }
            (Update::Mask, _) => {
                (change.body, self.of_object(Method::Patch, place).query("update_mask", change.mask.join(",")))
            }
            _ if T::API.account_in.is_some() && self.client().is_account() => {
                (change.body, self.of_object(Method::Put, place))
            }
            _ => (change.body, self.of_object(Method::Patch, place)),
        };
        let mut body = place.body(body);
        set(&mut body, plan, T::API.update_flags.iter().copied())?;
        if !T::API.always.is_empty() {
            let whole = reconcile::sent(plan)?;
            body.extend(whole.into_iter().filter(|(name, _)| T::API.always.contains(&name.as_str())));
        }
        if let Some((attribute, member)) = T::API.renamed_as
            && let Some(name) = body.shift_remove(attribute)
        {
            body.insert(member.to_owned(), name);
        }
        if T::API.shape == Shape::Rpc {
            body.insert(T::API.own().to_owned(), Json::from(place.own()));
        }
        self.write(request, body, &|_| false).await.map_err(|refused| match refused {
            Refused::Failed(error) | Refused::Taken(error) | Refused::Invalid(error) => error,
            Refused::Existing => Error::new("there is one already"),
        })
    }

    /// Sends a body, again and again while the refusal is one that passes.
    async fn write(
        &self,
        request: Request,
        body: Map<String, Json>,
        takes_over: &(dyn Fn(&databricks::Error) -> bool + Send + Sync),
    ) -> Result<Json, Refused> {
        let body = T::asked(body);
        let (request_in, answer_in) = self.held_in();
        let body = match request_in {
            Some(member) => json!({ member: body }),
            None => Json::Object(body),
        };
        let request = request.json(&body).map_err(Error::from)?;
        let end = Instant::now() + PROPAGATION;
        let (start, most) = (Duration::from_millis(500), Duration::from_secs(10));
        let what = format!("the {} to be possible", T::NOUN);
        let placed = |error: databricks::Error| match T::accused(&error) {
            Some(attribute) => uncreated(error).at(attribute),
            None => uncreated(error),
        };
        self.cx
            .poll(&what, start, most, async || match self.client().send::<Json>(request.clone()).await {
                Ok(answer) => Ok(Probe::Done(Ok(inside(answer, answer_in)))),
                Err(error) if takes_over(&error) => Ok(Probe::Done(Err(Refused::Existing))),
                Err(error) if T::is_not_yet(&error) && Instant::now() < end => Ok(Probe::Waiting(error.to_string())),
                Err(error) if error.is_already_exists() => Ok(Probe::Done(Err(Refused::Taken(placed(error))))),
                Err(error) if error.status() == Some(400) => Ok(Probe::Done(Err(Refused::Invalid(placed(error))))),
                Err(error) => Err(placed(error)),
            })
            .await?
    }

    /// The object as it is now; `None` if it is gone.
    pub(super) async fn get(&self, place: &Place) -> Result<Option<Json>> {
        self.look(place, false).await
    }

    /// The object as a list has it that a moment ago was asked for another object, where it is read in a list.
    pub(super) async fn get_shared(&self, place: &Place) -> Result<Option<Json>> {
        self.look(place, true).await
    }

    async fn look(&self, place: &Place, shared: bool) -> Result<Option<Json>> {
        if T::API.reads_list {
            // Where what the list belongs to is gone, so is what was in it.
            let all = self.pages(place, shared).await?.unwrap_or_default();
            return Ok(all.into_iter().find(|one| is_own::<T>(one, place.own())));
        }
        let request = match T::API.shape {
            Shape::Collection => self.of_object(Method::Get, place),
            Shape::Rpc => self.request(Method::Get, place, "/get").query(T::API.own(), place.own()),
        };
        let found = self.client().send::<Json>(asking(request, place)).await.if_exists()?;
        Ok(found.map(|answer| inside(answer, self.held_in().1)).filter(|found| !T::is_gone(found)))
    }

    /// The object right after a write, when a part of the service may not know it yet.
    pub(super) async fn get_new(&self, place: &Place, patience: Duration) -> Result<Json> {
        let end = Instant::now() + patience;
        let (start, most) = (Duration::from_millis(200), Duration::from_secs(5));
        self.cx
            .poll(&format!("the {} {} to be readable", T::NOUN, place.own()), start, most, async || {
                match self.get(place).await? {
                    Some(found) => Ok(Probe::Done(found)),
                    None if Instant::now() < end => Ok(Probe::Waiting("not there".into())),
                    None => Err(Error::new(format!("The {} {} is gone", T::NOUN, place.own()))
                        .detail("It was removed outside Terraform. Apply again, and it is made anew.")),
                }
            })
            .await
    }

    /// All objects of the collection.
    pub(super) async fn list(&self, place: &Place) -> Result<Vec<Json>> {
        Ok(self.pages(place, false).await?.unwrap_or_default())
    }

    /// The pages of the list; `None` where what it belongs to does not exist.
    async fn pages(&self, place: &Place, shared: bool) -> Result<Option<Vec<Json>>> {
        let request = match (T::API.list_path, T::API.shape) {
            (Some(path), _) => request(Method::Get, place.fill(path)),
            (None, Shape::Collection) => self.request(Method::Get, place, ""),
            (None, Shape::Rpc) => self.request(Method::Get, place, "/list"),
        };
        // Many objects of one kind are looked up in one list.
        let request = if shared { request.shared() } else { request };
        let request = with_query(asking(request, place), place.listed_by());
        let found = self.client().pages(request, page::<T>).await.if_exists()?;
        Ok(found.map(|all| all.into_iter().filter(|one| !T::is_gone(one)).collect()))
    }

    /// Removes the object.
    pub(super) async fn delete(&self, place: &Place) -> Result<()> {
        let request = match T::API.shape {
            Shape::Collection if !T::API.ends_as.is_empty() => {
                let end: Map<String, Json> =
                    T::API.ends_as.iter().map(|(name, value)| ((*name).to_owned(), Json::from(*value))).collect();
                self.of_object(Method::Patch, place).json(&end)?
            }
            Shape::Collection => {
                let request = asking(self.of_object(Method::Delete, place), place);
                if place.is_forced() { request.query("force", true) } else { request }
            }
            Shape::Rpc => {
                let body = json!({ T::API.own(): place.own() });
                self.request(Method::Post, place, T::API.verbs[2]).json(&body)?.idempotent()
            }
        };
        remove(self.cx, self.client(), &format!("the {} {}", T::NOUN, place.own()), request).await
    }

    /// The state that an answer describes. Where the answer is not the object, what is known stands for it, and the rest is
    /// read before the object is ready.
    pub(super) fn state(&self, place: &Place, known: &T, answer: &Json) -> Result<Of<T>> {
        let is_object = answer.as_object().is_some_and(|members| members.keys().any(|name| name != T::API.own()));
        if is_object {
            let object = T::completed(known, reconcile::seen(known, &T::told(answer.clone()))?);
            return Ok(Of { object: place.named(object)?, is_partial: false });
        }
        Ok(Of { object: place.named(known.clone())?, is_partial: !T::API.is_as_planned })
    }
}

/// Puts those of Terraform's own attributes into a body that are true: (attribute, member).
fn set<T: Rest>(
    body: &mut Map<String, Json>,
    plan: &T,
    flags: impl Iterator<Item = (&'static str, &'static str)>,
) -> Result<()> {
    let plan = reconcile::tree(plan)?;
    let is_true = |(name, _): &(&str, &str)| plan.get(name) == Some(&Json::Bool(true));
    body.extend(flags.filter(is_true).map(|(_, member)| (member.to_owned(), Json::Bool(true))));
    Ok(())
}

/// `request` with the attributes that the API wants in the query.
pub(super) fn asking(request: Request, place: &Place) -> Request {
    with_query(request, place.asked_by())
}

fn with_query(request: Request, values: &[(&'static str, String)]) -> Request {
    values.iter().fold(request, |request, (name, value)| request.query(*name, value.clone()))
}

/// What stands in a member of an answer, or the answer itself.
fn inside(mut answer: Json, member: Option<&str>) -> Json {
    match member.and_then(|member| answer.get_mut(member)) {
        Some(inner) => inner.take(),
        None => answer,
    }
}

/// The objects of a page, and where the next one starts.
fn page<T: Rest>(answer: Json) -> (Vec<Json>, String) {
    let next = answer.get("next_page_token").and_then(Json::as_str).unwrap_or_default().to_owned();
    let items = match answer {
        Json::Array(items) => items,
        Json::Object(mut members) => {
            let items = match T::API.items {
                Some(name) => members.shift_remove(name),
                None => members.into_iter().map(|(_, member)| member).find(Json::is_array),
            };
            match items {
                Some(Json::Array(items)) => items,
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    };
    (items, next)
}

/// Whether an object of a list is the one with this id.
fn is_own<T: Rest>(found: &Json, own: &str) -> bool {
    match T::told(found.clone()).get(T::API.own()) {
        Some(Json::String(text)) => text == own,
        Some(Json::Number(number)) => number.to_string() == own,
        _ => false,
    }
}

/// A request of a path: a whole one, or one below the account's.
fn request(method: Method, path: String) -> Request {
    let is_whole = path.starts_with("/api/");
    match method {
        Method::Get if is_whole => Request::get(path),
        Method::Get => Request::get_account(path),
        Method::Post if is_whole => Request::post(path),
        Method::Post => Request::post_account(path),
        Method::Put if is_whole => Request::put(path),
        Method::Put => Request::put_account(path),
        Method::Patch if is_whole => Request::patch(path),
        Method::Patch => Request::patch_account(path),
        Method::Delete if is_whole => Request::delete(path),
        Method::Delete => Request::delete_account(path),
    }
}

/// Sends the removal of an object. One that is in use is asked again: what uses it may be on its way out as well.
pub(crate) async fn remove<C: Send + Sync>(
    cx: &Call<C>,
    client: &databricks::Client,
    what: &str,
    request: Request,
) -> Result<()> {
    let end = Instant::now() + IN_USE;
    let (start, most) = (Duration::from_millis(200), Duration::from_secs(5));
    cx.poll(&format!("{what} to be unused"), start, most, async || {
        match client.send::<()>(request.clone()).await.if_exists() {
            Ok(_) => Ok(Probe::Done(())),
            Err(error) if is_in_use(&error) && Instant::now() < end => Ok(Probe::Waiting(error.to_string())),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// Whether a delete was refused because something that is being deleted too still holds the object: `INVALID_STATE`, or a
/// 409 whose body may be empty (issue 777 of the Go SDK).
fn is_in_use(error: &databricks::Error) -> bool {
    error.is_invalid_state() || error.status().is_some_and(|status| status == 409)
}
