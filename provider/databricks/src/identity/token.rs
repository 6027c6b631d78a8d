//! databricks_token: a personal access token of the provider's own user or service principal.
//! API: <https://docs.databricks.com/api/workspace/tokens>
//!
//! No `Rest`: its value is told once, it is renewed in place, and its mark leaves the comment once it is stored.

use std::collections::BTreeMap;

use databricks::Client;
use databricks::api::tokens::{self, CreateToken, TokenInfo};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, Error, Failed, ID, Marked, Marker, OPTIONAL, OPTIONAL_COMPUTED, Planning, Resource, Result,
    Secret,
};

use super::rotation::{due, expiry, notice};
use super::text;
use crate::clients::{AnyWorkspace, Workspace};
use crate::creation::Created;
use crate::level::{self, ProviderConfig};

/// A personal access token of the user or service principal that the provider is configured for.
///
/// Its value stands in the state. Where it is only needed while Terraform runs, the ephemeral resource of the same name
/// leaves none behind.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// Id of the token. A rotation changes it.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// What the token is for.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub comment: Attr<String>,
    /// Seconds until the token expires. It never does, as far as the workspace allows that, where it is not set.
    #[schemars(range(min = 1), extend("x-tf" = OPTIONAL.replaces()))]
    pub lifetime_seconds: Attr<i64>,
    /// Seconds before the expiry from which on an apply issues a new token in place of this one and revokes this one
    /// afterwards. What depends on the token is updated, not destroyed. Where it is not set, plans warn of the expiry two weeks ahead.
    #[schemars(range(min = 1), extend("x-tf" = OPTIONAL.unsent()))]
    pub rotate_before_seconds: Attr<i64>,
    /// Any values. When they change, the token is replaced.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub triggers: Attr<BTreeMap<String, String>>,
    /// Id of the token.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub token_id: Attr<String>,
    /// The token.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub token_value: Attr<Secret<String>>,
    /// When it was issued, in milliseconds since 1970.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub creation_time: Attr<i64>,
    /// When it expires, in milliseconds since 1970; -1 is never.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub expiry_time: Attr<i64>,
    /// The workspace of the token, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block().keeps_state()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// The comment with which a token is issued: the API has no tags, and shows a token's value once. A token whose value was
/// lost in a crash is found by its mark and revoked. Once the token is in a state, the first read takes the mark away.
fn marked(comment: &Attr<String>, mark: &str) -> String {
    let mark = format!("({}:{mark})", Marker::TAG);
    if comment.text().is_empty() { mark } else { format!("{} {mark}", comment.text()) }
}

/// The comment without the mark at its end, and whether there was one.
fn unmarked(comment: &str) -> (&str, bool) {
    match comment.rsplit_once(&format!("({}:", Marker::TAG)) {
        Some((text, mark)) if mark.ends_with(')') => (text.strip_suffix(' ').unwrap_or(text), true),
        _ => (comment, false),
    }
}

/// The mark at the end of a comment.
fn mark_of(comment: &str) -> Option<&str> {
    comment.rsplit_once(&format!("({}:", Marker::TAG))?.1.strip_suffix(')')
}

/// The marks of the caller's tokens that have not expired.
pub(crate) async fn all_marked(client: &Client) -> std::result::Result<Vec<Marked>, databricks::Error> {
    let now = Timestamp::now();
    let mut all = tokens::list(client, false).await?;
    all.retain(|one| expiry(one.expiry_time.unwrap_or_default()).is_none_or(|expiry| expiry > now));
    let marked =
        all.into_iter().filter_map(|one| Some(Marked { mark: mark_of(&one.comment)?.to_owned(), id: one.token_id }));
    Ok(marked.collect())
}

fn state_of(known: Token, info: TokenInfo) -> Token {
    let (comment, _) = unmarked(&info.comment);
    Token {
        id: info.token_id.clone().into(),
        // White space at either end is nothing that the service promises to keep.
        comment: if comment.trim() == known.comment.text().trim() { known.comment } else { text(comment.to_owned()) },
        token_id: info.token_id.into(),
        provider_config: level::settled(known.provider_config.clone()),
        creation_time: info.creation_time.into(),
        expiry_time: expiry(info.expiry_time.unwrap_or_default()).map_or(-1, Timestamp::as_millisecond).into(),
        ..known
    }
}

async fn issue(cx: &Call<Workspace>, plan: Token) -> Result<Token> {
    let body = |mark: &str| CreateToken {
        comment: marked(&plan.comment, mark),
        lifetime_seconds: plan.lifetime_seconds.known().copied(),
        ..CreateToken::default()
    };
    let issued = match tokens::create(cx.client(), &body(cx.marker().text())).await {
        // How long a comment may be is not documented: with the marker's id alone, it is at least found by its journal.
        Err(error) if error.status() == Some(400) => tokens::create(cx.client(), &body(&cx.marker().id)).await,
        issued => issued,
    };
    let issued = issued.created()?;
    Ok(Token { token_value: issued.token_value.into(), ..state_of(plan, issued.token_info) })
}

impl Resource for Token {
    const NAME: &'static str = "databricks_token";
    const EXAMPLE: &'static str = r#"resource "databricks_token" "example" {
  comment               = "nightly import"
  lifetime_seconds      = 7776000
  rotate_before_seconds = 604800
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("nightly import", "hourly import"));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("7776000", "2592000"));
    const IMPORT_ID: Option<&'static str> = None;

    type Client = AnyWorkspace;

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        level::plan(planning, |token| &token.provider_config)?;
        let Some(prior) = planning.prior else { return Ok(()) };
        let planned = &mut *planning.planned;
        if due(expiry(prior.expiry_time.or_default()), planned.rotate_before_seconds.known().copied(), planning.now) {
            planned.id = Attr::Unknown;
            planned.token_id = Attr::Unknown;
            planned.token_value = Attr::Unknown;
            planned.creation_time = Attr::Unknown;
            planned.expiry_time = Attr::Unknown;
        } else if planned.rotate_before_seconds.is_null() && planning.replaces.is_empty() {
            let name = format!("The personal access token {:?}", prior.comment.text());
            let [issued, ends] = [&prior.creation_time, &prior.expiry_time].map(|time| expiry(time.or_default()));
            planning.warnings.extend(notice(&name, issued, ends, planning.now));
        }
        Ok(())
    }

    async fn create(cx: &Call<AnyWorkspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(issue(&level::call(cx, &plan.provider_config).await?, plan).await?)
    }

    /// The value of a token that a cut-off create issued is lost: the token is revoked, and another is issued.
    async fn find(cx: &Call<AnyWorkspace>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let cx = &level::call(cx, &plan.provider_config).await?;
        for orphan in tokens::list(cx.client(), false).await? {
            if mark_of(&orphan.comment).is_some_and(|mark| marker.is_on(mark)) {
                tokens::revoke(cx.client(), &orphan.token_id).await?;
            }
        }
        Ok(None)
    }

    async fn marked(cx: &Call<AnyWorkspace>, plan: &Self) -> Result<Vec<Marked>> {
        let cx = &level::call(cx, &plan.provider_config).await?;
        Ok(cx.client().once("tokens with a mark", all_marked(cx.client())).await?.to_vec())
    }

    /// An expired token is gone, also while the API still lists it.
    async fn read(cx: &Call<AnyWorkspace>, state: Self) -> Result<Option<Self>> {
        let cx = &level::call(cx, &state.provider_config).await?;
        let now = Timestamp::now();
        let found = tokens::list(cx.client(), true).await?.into_iter().find(|one| {
            one.token_id == state.id.text()
                && expiry(one.expiry_time.unwrap_or_default()).is_none_or(|expiry| expiry > now)
        });
        let Some(found) = found else { return Ok(None) };
        // The token is in a state: nothing has to find it by its mark any more, and people read the comment in the console.
        if let (comment, true) = unmarked(&found.comment)
            && let Err(error) = tokens::describe(cx.client(), &found.token_id, comment).await
        {
            tracing::warn!(token = found.token_id, %error, "the mark of its creation stays in the comment of a token");
        }
        Ok(Some(state_of(state, found)))
    }

    async fn update(cx: &Call<AnyWorkspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let cx = &level::call(cx, &plan.provider_config).await?;
        let old = state.id.text().to_owned();
        if plan.token_value.is_unknown() {
            let new = issue(cx, plan).await?;
            return match tokens::revoke(cx.client(), &old).await {
                Ok(_) => Ok(new),
                Err(error) => Err(Failed::with(error, new)),
            };
        }
        if plan.comment != state.comment {
            tokens::describe(cx.client(), &old, plan.comment.text()).await?;
        }
        let found = tokens::list(cx.client(), false).await?.into_iter().find(|one| one.token_id == old);
        let found =
            found.ok_or_else(|| Error::new(format!("The token {old} is gone")).detail("It was revoked meanwhile."))?;
        Ok(state_of(Self { token_value: state.token_value, ..plan }, found))
    }

    async fn delete(cx: &Call<AnyWorkspace>, state: Self) -> Result<()> {
        let cx = &level::call(cx, &state.provider_config).await?;
        tokens::revoke(cx.client(), state.id.text()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_survives_its_mark() {
        let mark = "0a1b:0123456789ab:1790000000:0123456789abcdef:0a1b2c3d:4194304:99999999999";
        let texts =
            ["nightly import", "with (brackets)", "ends in a blank ", "  nightly\n", "a (terraform-created-by:", ""];
        for comment in texts.map(Attr::from).into_iter().chain([Attr::Null]) {
            let wire = marked(&comment, mark);
            assert_eq!(unmarked(&wire), (comment.text(), true), "{wire:?}");
            assert_eq!(mark_of(&wire), Some(mark), "{wire:?}");
            let told = |comment: &str| TokenInfo { comment: comment.to_owned(), ..TokenInfo::default() };
            let known = Token { comment: comment.clone(), ..Token::default() };
            for wire in [wire.as_str(), wire.trim(), comment.text(), comment.text().trim()] {
                assert_eq!(state_of(known.clone(), told(wire)).comment, comment, "{wire:?}");
            }
        }
        assert_eq!(unmarked("plain"), ("plain", false));
        let drifted = state_of(
            Token { comment: "a".into(), ..Token::default() },
            TokenInfo { comment: "b".into(), ..Default::default() },
        );
        assert_eq!(drifted.comment, "b".into());
    }

    #[test]
    fn a_tokens_expiry_of_zero_is_never() {
        for (told, expected) in [(0, -1), (-1, -1), (1_700_000_000_000, 1_700_000_000_000)] {
            let info = TokenInfo { expiry_time: Some(told), ..TokenInfo::default() };
            assert_eq!(state_of(Token::default(), info).expiry_time, expected.into());
        }
    }
}
