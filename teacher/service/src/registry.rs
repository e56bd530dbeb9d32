//! Which curricula there are, and the way to their owners.
//!
//! A curriculum is read from the store when it is first called, so that a server with many starts at once.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};

use magister_core::curriculum::{Curriculum, EarlierSeed};
use tokio::sync::OnceCell;

use crate::{
    clock::Clock,
    error::{Invalid, ServiceError},
    ledger::Ledger,
    metrics::Metrics,
    owner::{Description, Identity, Loaded, Owner, RequestKey, Surroundings},
    records::{Birth, Charter, ForkPoint},
    store::{StagedCurriculum, Store, StoreError},
};

/// All curricula of a server.
#[derive(Debug)]
pub(crate) struct Registry {
    surroundings: Surroundings,
    max_curricula: u64,
    curricula: RwLock<BTreeMap<Arc<str>, Arc<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    identity: Identity,
    owner: OnceCell<Owner>,
}

/// One page of curricula.
pub(crate) struct Page {
    pub(crate) curricula: Vec<Description>,
    /// Name after which the next page begins.
    pub(crate) next: Option<Arc<str>>,
}

/// A curriculum that was written bit by bit, and what it is to be known by.
pub(crate) struct NewCurriculum<'a> {
    pub(crate) name: &'a str,
    pub(crate) charter: Arc<Charter>,
    pub(crate) birth: Birth,
    pub(crate) fingerprint: u64,
    /// Number of its last event.
    pub(crate) position: u64,
}

impl Registry {
    /// Lists what the store holds.
    pub(crate) async fn open(surroundings: Surroundings, max_curricula: u64) -> Result<Self, StoreError> {
        let listed = surroundings.store.read(|journal| journal.curricula()).await?;
        let curricula = listed
            .into_iter()
            .map(|curriculum| {
                let name: Arc<str> = curriculum.name.into();
                let identity = Identity {
                    key: curriculum.key,
                    name: Arc::clone(&name),
                    charter: Arc::new(curriculum.charter),
                    created_ms: curriculum.created_ms,
                };
                (name, Arc::new(Entry { identity, owner: OnceCell::new() }))
            })
            .collect();
        Ok(Self { surroundings, max_curricula, curricula: RwLock::new(curricula) })
    }

    /// The store.
    pub(crate) fn store(&self) -> &Store {
        &self.surroundings.store
    }

    /// What the server counts.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.surroundings.metrics
    }

    /// The server's clock.
    pub(crate) fn clock(&self) -> Clock {
        self.surroundings.clock
    }

    /// The owner of a curriculum.
    pub(crate) async fn owner(&self, name: &str) -> Result<Owner, ServiceError> {
        let entry = self.read().get(name).cloned();
        let Some(entry) = entry else { return Err(ServiceError::CurriculumNotFound(name.to_owned())) };
        let owner = entry.owner.get_or_try_init(|| async {
            let loaded = Loaded::read(&self.surroundings, &entry.identity).await?;
            Ok::<_, ServiceError>(Owner::start(self.surroundings.clone(), entry.identity.clone(), loaded))
        });
        owner.await.cloned()
    }

    /// Makes a curriculum; a repeated request finds the one it made.
    pub(crate) async fn create(
        &self,
        name: &str,
        charter: Charter,
        request: Option<RequestKey>,
        fingerprint: u64,
    ) -> Result<Description, ServiceError> {
        // The teacher's own checks come first, so that a bad request never reaches the store.
        Curriculum::new(charter.settings.clone()).map_err(|error| {
            let field =
                format!("curriculum.teacher.{}.{}", charter.settings.teacher.algorithm(), error.field);
            ServiceError::invalid(Invalid::Teacher, field, error.problem)
        })?;
        self.check_room(name)?;
        let charter = Arc::new(charter);
        let created_ms = self.surroundings.clock.now_ms();
        let request_id = request.map(|request| request.id.to_string()).unwrap_or_default();
        let birth = Birth { created_ms, request_id: request_id.clone() };
        let created = self.surroundings.store.create(name, Arc::clone(&charter), birth, fingerprint).await?;
        match created {
            Ok(key) => {
                let name: Arc<str> = name.into();
                let identity =
                    Identity { key, name: Arc::clone(&name), charter: Arc::clone(&charter), created_ms };
                let ledger =
                    Ledger::new(&charter).map_err(|error| ServiceError::Internal(error.to_string()))?;
                let owner = Owner::start(self.surroundings.clone(), identity.clone(), Loaded::fresh(ledger));
                let entry = Entry { identity, owner: OnceCell::new_with(Some(owner.clone())) };
                self.write().insert(name, Arc::new(entry));
                owner.describe().await
            }
            Err(taken) if !request_id.is_empty() && taken.request_id == request_id => {
                if taken.request_fingerprint != fingerprint {
                    return Err(ServiceError::RequestIdReused(request_id));
                }
                self.owner(name).await?.describe().await
            }
            Err(_) => Err(ServiceError::CurriculumExists(name.to_owned())),
        }
    }

    /// Copies a curriculum as it was at a position, or is now.
    pub(crate) async fn fork(
        &self,
        source: &str,
        position: Option<u64>,
        name: &str,
        seed: Option<u64>,
    ) -> Result<Description, ServiceError> {
        let owner = self.owner(source).await?;
        // Describing waits until everything up to this position is on disk.
        let last = owner.describe().await?.position;
        let position = position.unwrap_or(last);
        if position > last {
            return Err(ServiceError::PositionOutOfRange { curriculum: source.to_owned(), position, last });
        }
        self.check_free(name)?;
        let (store, key) = (&self.surroundings.store, owner.key());
        let (tasks, episodes) = store.read(move |journal| journal.counts_at(key, position)).await?;
        let mut charter = Charter::clone(owner.charter());
        // What is copied follows from the seeds it came from, up to where each of them held.
        let mut earlier_seeds = charter.earlier_seeds();
        let later = earlier_seeds.partition_point(|earlier| earlier.position <= position);
        let present = earlier_seeds.get(later).map_or(charter.settings.seed, |later| later.seed);
        earlier_seeds.truncate(later);
        charter.settings.seed = seed.unwrap_or(present);
        if charter.settings.seed != present {
            earlier_seeds.push(EarlierSeed { seed: present, position, tasks, episodes });
        }
        charter.forked_from = Some(ForkPoint { curriculum: source.to_owned(), position, earlier_seeds });
        let charter = Arc::new(charter);
        let copy = store.stage(Arc::clone(&charter)).await?;
        copy.copy(key, position, episodes).await?;
        // Had it been deleted meanwhile, rows would be missing.
        owner.describe().await?;
        let birth = Birth { created_ms: self.surroundings.clock.now_ms(), request_id: String::new() };
        self.publish(copy, NewCurriculum { name, charter, birth, fingerprint: 0, position }).await
    }

    /// Begins a curriculum that stays hidden until it is published.
    pub(crate) async fn stage(&self, charter: Arc<Charter>) -> Result<StagedCurriculum, ServiceError> {
        Ok(self.surroundings.store.stage(charter).await?)
    }

    /// Makes a curriculum visible that has been written. One whose journal does not hold together is no store's:
    /// damaged.
    pub(crate) async fn publish(
        &self,
        staged: StagedCurriculum,
        NewCurriculum { name, charter, birth, fingerprint, position }: NewCurriculum<'_>,
    ) -> Result<Description, ServiceError> {
        let created_ms = birth.created_ms;
        let name: Arc<str> = name.into();
        let identity = Identity { key: staged.key(), name: Arc::clone(&name), charter, created_ms };
        let loaded = Loaded::read(&self.surroundings, &identity).await?;
        if loaded.position() != position {
            let problem = format!("what was written ends at position {}, not {position}", loaded.position());
            return Err(StoreError::Damaged(problem).into());
        }
        self.check_free(&name)?;
        let published = staged.publish(&name, birth, fingerprint).await?;
        published.map_err(|_| ServiceError::CurriculumExists(name.to_string()))?;
        let owner = Owner::start(self.surroundings.clone(), identity.clone(), loaded);
        let entry = Entry { identity, owner: OnceCell::new_with(Some(owner.clone())) };
        self.write().insert(name, Arc::new(entry));
        owner.describe().await
    }

    /// Deletes a curriculum.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), ServiceError> {
        let owner = self.owner(name).await?;
        owner.delete().await?;
        // The name is free in the store by now: another curriculum may have taken it.
        let mut curricula = self.write();
        let is_deleted =
            |entry: &Arc<Entry>| entry.owner.get().is_some_and(|present| present.is_same(&owner));
        if curricula.get(name).is_some_and(is_deleted) {
            curricula.remove(name);
        }
        Ok(())
    }

    /// Up to `size` curricula whose names come after `after`.
    pub(crate) async fn list(&self, after: &str, size: usize) -> Result<Page, ServiceError> {
        let mut names: Vec<Arc<str>> = {
            let curricula = self.read();
            curricula.keys().filter(|name| name.as_ref() > after).take(size + 1).cloned().collect()
        };
        let more = names.len() > size;
        names.truncate(size);
        let mut page = Vec::with_capacity(names.len());
        for name in &names {
            match self.owner(name).await {
                Ok(owner) => page.push(owner.describe().await?),
                // Deleted since the names were read.
                Err(ServiceError::CurriculumNotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Page { curricula: page, next: names.pop().filter(|_| more) })
    }

    /// Stops every owner that was started, each leaving a snapshot.
    pub(crate) async fn stop(&self) {
        let owners: Vec<Owner> =
            self.read().values().filter_map(|entry| entry.owner.get().cloned()).collect();
        for owner in owners {
            owner.stop().await;
        }
    }

    /// Checks that a curriculum of this name may be made, before much is written of it; only the store can tell for
    /// sure.
    pub(crate) fn check_free(&self, name: &str) -> Result<(), ServiceError> {
        if self.read().contains_key(name) {
            return Err(ServiceError::CurriculumExists(name.to_owned()));
        }
        self.check_room(name)
    }

    /// Checks that another curriculum may be made; a name that is there already is told elsewhere.
    fn check_room(&self, name: &str) -> Result<(), ServiceError> {
        let curricula = self.read();
        if curricula.len() as u64 >= self.max_curricula && !curricula.contains_key(name) {
            return Err(ServiceError::TooManyCurricula(self.max_curricula));
        }
        Ok(())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<Arc<str>, Arc<Entry>>> {
        self.curricula.read().expect("no holder of this lock panics")
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<Arc<str>, Arc<Entry>>> {
        self.curricula.write().expect("no holder of this lock panics")
    }
}
