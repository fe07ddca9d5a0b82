//! `GET /api/v1/model-groups`: what a dialog or assistant service asks for its choices.
#![expect(
    unused_qualifications,
    reason = "the code that utoipa::path makes of `params` names their trait in full"
)]

use actix_web::{HttpResponse, get, web};
use understudy_shared::{
    Capability, GroupState, MemberPreview, ModelGroup, Page, Strategy, Verdict,
};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Facts, describe, facts_of, verdicts};
use crate::auth::{Permitted, ReadGroups};
use crate::db;
use crate::db::model_groups::StoredModelGroup;
use crate::domain::model_group::has_capability;
use crate::error::ApiError;
use crate::routes::extract::{FromParams, Params, Query};
use crate::routes::list::{Comparison, ListParams, ListQuery, Listed, with_items};
use crate::state::AppState;

const STRATEGIES: [(&str, Strategy); 4] = [
    ("first_available", Strategy::FirstAvailable),
    ("weighted", Strategy::Weighted),
    ("least_busy", Strategy::LeastBusy),
    ("fastest", Strategy::Fastest),
];

const STATES: [(&str, GroupState); 3] = [
    ("available", GroupState::Available),
    ("unavailable", GroupState::Unavailable),
    ("disabled", GroupState::Disabled),
];

/// Filters of the list of groups.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GroupFilters {
    /// Only enabled or only disabled ones.
    enabled: Option<bool>,
    /// Only groups that would answer now, or only those that would not.
    available: Option<bool>,
    /// Only groups with a member that has this endpoint, or declares none. With `available=true`, a member that would answer.
    capability: Option<Capability>,
    /// Only groups that this instance is a member of.
    instance_id: Option<Uuid>,
    /// Only groups with this strategy.
    strategy: Option<Strategy>,
    /// Only groups in this state.
    #[param(inline)]
    state: Option<GroupState>,
}

impl FromParams for GroupFilters {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        Ok(Self {
            enabled: params.take_bool("enabled")?,
            available: params.take_bool("available")?,
            capability: params.take_named("capability", &Capability::ALL.map(|c| (c.name(), c)))?,
            instance_id: params.take_as("instance_id", "a UUID")?,
            strategy: params.take_named("strategy", &STRATEGIES)?,
            state: params.take_named("state", &STATES)?,
        })
    }
}

impl GroupFilters {
    fn pass(&self, group: &StoredModelGroup, facts: &Facts, verdicts: &[MemberPreview]) -> bool {
        let usable = |member: &&MemberPreview| member.verdict != Verdict::Skipped;
        let able =
            |member: &&MemberPreview| match (self.capability, facts.get(&member.instance_id.0)) {
                (Some(wanted), Some(facts)) => has_capability(&facts.capabilities, wanted),
                (wanted, _) => wanted.is_none(),
            };
        let fits = match self.available {
            Some(true) => verdicts.iter().filter(usable).any(|member| able(&member)),
            Some(false) => {
                !verdicts.iter().any(|member| usable(&member)) && self.is_able(verdicts, able)
            }
            None => self.is_able(verdicts, able),
        };
        let state = match (
            group.row.enabled,
            verdicts.iter().any(|member| usable(&member)),
        ) {
            (false, _) => GroupState::Disabled,
            (true, true) => GroupState::Available,
            (true, false) => GroupState::Unavailable,
        };
        let has = |id: Uuid| {
            let mut members = group.members.iter();
            members.any(|member| member.instance_id.0 == id)
        };
        fits && self
            .enabled
            .is_none_or(|enabled| group.row.enabled == enabled)
            && self.instance_id.is_none_or(has)
            && self
                .strategy
                .is_none_or(|strategy| group.row.strategy_name() == strategy.as_str())
            && self.state.is_none_or(|wanted| state == wanted)
    }

    fn is_able(&self, verdicts: &[MemberPreview], able: impl Fn(&&MemberPreview) -> bool) -> bool {
        self.capability.is_none() || verdicts.iter().any(|member| able(&member))
    }
}

impl Listed for StoredModelGroup {
    const SORT_KEYS: &'static [(&'static str, Comparison<Self>)] = &[
        ("name", |a, b| a.row.name_key.cmp(&b.row.name_key)),
        ("title", |a, b| {
            a.row.title.to_lowercase().cmp(&b.row.title.to_lowercase())
        }),
        ("enabled", |a, b| a.row.enabled.cmp(&b.row.enabled)),
        ("strategy", |a, b| {
            a.row.strategy_name().cmp(b.row.strategy_name())
        }),
        ("created_at", |a, b| a.row.created_at.cmp(&b.row.created_at)),
        ("updated_at", |a, b| a.row.updated_at.cmp(&b.row.updated_at)),
    ];
    type Filters = GroupFilters;

    fn id(&self) -> Uuid {
        self.row.id
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.row.name, &self.row.title, &self.row.description]
    }
}

/// List model groups
///
/// `?available=true&capability=chat` gives the groups that would answer a conversation now. Sorted by `name`, `title`,
/// `enabled`, `strategy`, `created_at` or `updated_at`; `q` looks into name, title and description.
#[utoipa::path(
    tag = "model-groups",
    params(ListParams, GroupFilters),
    responses((status = 200, description = "A page of groups", body = Page<ModelGroup>)),
)]
#[get("/api/v1/model-groups")]
pub async fn list_model_groups(
    state: web::Data<AppState>,
    call: Permitted<ReadGroups, Query<ListQuery<StoredModelGroup>>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, Query(query)) = call;
    let mut conn = state.pool.get().await?;
    let groups = db::model_groups::all(&mut conn).await?;
    let facts = facts_of(&mut conn, &groups).await?;
    let mut passing = Vec::with_capacity(groups.len());
    for group in groups {
        if query
            .filters
            .pass(&group, &facts, &verdicts(&group, &facts, &state.gateway)?)
        {
            passing.push(group);
        }
    }
    let mut page = query.page(passing);
    let items = std::mem::take(&mut page.items).into_iter();
    let items = items
        .map(|group| describe(group, &facts, &state.gateway))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(with_items(page, items)))
}
