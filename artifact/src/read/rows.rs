//! From rows to a workshop.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::str::FromStr;

use api::v1::Unlock;
use rusqlite::{Connection, Row};

use crate::digest;
use crate::error::ReadError;
use crate::model::{Asset, Pinned, Step, Workshop};
use crate::settings;

/// The table `meta`.
pub(super) fn meta(from: &Connection) -> Result<BTreeMap<String, String>, ReadError> {
    pairs(from, "SELECT key, value FROM meta")
}

pub(super) fn workshop(from: &Connection) -> Result<Workshop, ReadError> {
    let mut meta = meta(from)?;
    let mut take =
        |key: &str| meta.remove(key).ok_or_else(|| ReadError::Content(format!("meta \"{key}\" is missing")));
    if take("format")? != "workshop" {
        return Err(ReadError::Content("meta \"format\" is not \"workshop\"".to_owned()));
    }
    take("content_digest")?;
    let image = parse("meta \"image\"", &take("image")?)?;
    let base = Pinned {
        reference: parse("meta \"base_image\"", &take("base_image")?)?,
        digest: parse("meta \"base_digest\"", &take("base_digest")?)?,
    };
    if let Some(key) = meta.keys().next() {
        return Err(ReadError::Content(format!("meta \"{}\" is unknown", key.escape_debug())));
    }
    let (name, version, created_at) = identity(from)?;
    let rows = pairs(from, "SELECT path, value FROM workspace")?;
    let settings = settings::from_rows(&rows).map_err(ReadError::Content)?;
    let mut workshop = Workshop {
        steps: steps(from, &name)?,
        name,
        version,
        created_at,
        image,
        base,
        settings,
        assets: assets(from)?,
    };
    let unlocks = navigation(from, &workshop)?;
    workshop.steps.iter_mut().zip(unlocks).for_each(|(step, unlock)| step.unlock = unlock);
    Ok(workshop)
}

fn pairs(from: &Connection, query: &str) -> Result<BTreeMap<String, String>, ReadError> {
    let mut query = from.prepare(query)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn parse<T: FromStr<Err: Display>>(what: &str, text: &str) -> Result<T, ReadError> {
    text.parse().map_err(|error| ReadError::Content(format!("{what}: {error}")))
}

fn identity(from: &Connection) -> Result<(String, String, i64), ReadError> {
    let mut query = from.prepare("SELECT id, name, version, created_at FROM workshop LIMIT 2")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let rows: Vec<(String, String, String, i64)> =
        query.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    match <[_; 1]>::try_from(rows) {
        Ok([(id, name, version, created_at)]) if id == name => Ok((name, version, created_at)),
        Ok(_) => Err(ReadError::Content("the workshop's id is not its name".to_owned())),
        Err(_) => Err(ReadError::Content("there must be one workshop".to_owned())),
    }
}

fn steps(from: &Connection, workshop: &str) -> Result<Vec<Step>, ReadError> {
    let mut metadata = metadata(from)?;
    let mut query = from.prepare(
        "SELECT id, workshop_id, position, title, markdown, image_tag, image_digest FROM steps ORDER BY position, id",
    )?;
    let mut rows = query.query([])?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, of): (String, String) = (row.get(0)?, row.get(1)?);
        let name = format!("step \"{}\"", id.escape_debug());
        let position: i64 = row.get(2)?;
        if of != workshop || usize::try_from(position).ok() != Some(steps.len()) {
            return Err(ReadError::Content(format!("{name} has no place in the workshop")));
        }
        let image = Pinned {
            reference: parse(&format!("image of {name}"), &row.get::<_, String>(5)?)?,
            digest: parse(&format!("image of {name}"), &row.get::<_, String>(6)?)?,
        };
        let metadata = metadata.remove(&id).unwrap_or_default();
        steps.push(Step { id, title: row.get(3)?, markdown: row.get(4)?, image, unlock: None, metadata });
    }
    if steps.is_empty() {
        return Err(ReadError::Content("there are no steps".to_owned()));
    }
    match metadata.keys().next() {
        Some(id) => {
            Err(ReadError::Content(format!("metadata of \"{}\", which is no step", id.escape_debug())))
        }
        None => Ok(steps),
    }
}

type Metadata = HashMap<String, BTreeMap<String, serde_json::Value>>;

fn metadata(from: &Connection) -> Result<Metadata, ReadError> {
    let mut query = from.prepare("SELECT step_id, key, value FROM step_metadata")?;
    let mut rows = query.query([])?;
    let mut metadata = Metadata::new();
    while let Some(row) = rows.next()? {
        let (id, key, text): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let value = serde_json::from_str(&text).map_err(|error| {
            ReadError::Content(format!(
                "metadata \"{}\" of step \"{}\": {error}",
                key.escape_debug(),
                id.escape_debug()
            ))
        })?;
        metadata.entry(id).or_default().insert(key, value);
    }
    Ok(metadata)
}

/// Takes in what unlocks each step, and checks that the order is the one of the steps.
fn navigation(from: &Connection, workshop: &Workshop) -> Result<Vec<Option<Unlock>>, ReadError> {
    let mut query = from.prepare("SELECT step_id, next, prev, unlock_condition FROM navigation")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?)));
    type Links = (Option<String>, Option<String>, Option<String>);
    let mut links: HashMap<String, Links> = query.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    let mut unlocks = Vec::new();
    for (position, step) in workshop.steps.iter().enumerate() {
        let (next, prev, unlock) = links.remove(&step.id).unwrap_or_default();
        if (prev.as_deref(), next.as_deref()) != workshop.neighbours(position) {
            return Err(ReadError::Content(format!(
                "the way from step \"{}\" does not follow the order",
                step.id
            )));
        }
        let unlock: Option<Unlock> =
            unlock.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| {
                ReadError::Content(format!("unlock condition of step \"{}\": {error}", step.id))
            })?;
        unlocks.push(unlock);
    }
    match links.keys().next() {
        Some(id) => {
            Err(ReadError::Content(format!("a way from \"{}\", which is no step", id.escape_debug())))
        }
        None => Ok(unlocks),
    }
}

fn assets(from: &Connection) -> Result<Vec<Asset>, ReadError> {
    let mut query = from.prepare("SELECT path, sha256, media_type, bytes FROM assets ORDER BY path")?;
    let mut rows = query.query([])?;
    let mut assets = Vec::new();
    while let Some(row) = rows.next()? {
        let asset = Asset { path: row.get(0)?, media_type: row.get(2)?, bytes: row.get(3)? };
        if digest::of_bytes(&asset.bytes).as_str() != row.get::<_, String>(1)? {
            return Err(ReadError::Content(format!(
                "asset \"{}\" is not what its digest says",
                asset.path.escape_debug()
            )));
        }
        assets.push(asset);
    }
    Ok(assets)
}
