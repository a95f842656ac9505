//! A push: the body fed to the engine as it arrives, then the engine's steps run while the client
//! reads their progress, then one synchronous transaction, then the report.

use std::rc::Rc;

use futures::StreamExt as _;
use futures::channel::mpsc::UnboundedSender;
use futures::{future, stream};
use worker::{Request, Response};

use super::account::{self, Account, fault};
use super::body::Body;
use super::caller::Authorized;
use super::contract::{Access, ErrorCode, ErrorReply};
use super::memory::{PUSH_BYTES, PUSHED_OBJECT_BYTES, Reservation, make_room};
use super::object::{RepoObject, Store, now_ms, reserve, reserve_share};
use super::quarantine::Opened;
use super::readers::{Purpose, Reader};
use super::reply::Media;
use crate::git::limits::Limits;
use crate::git::pack::incoming::objects::IncomingObjects;
use crate::git::pack::parser::PackParser;
use crate::git::pack::parser::error::PackError;
use crate::git::protocol::advertise::Service;
use crate::git::protocol::capabilities::Offer;
use crate::git::protocol::pktline;
use crate::git::protocol::push_commands::{PushCommand, PushCommands, PushCommandsReader};
use crate::git::protocol::sideband::{Band, SideBand, band};
use crate::git::receive_pack::inspection::Inspection;
use crate::git::receive_pack::rules::{self, Rejection, Settings};
use crate::storage::repository::RepositoryRecord;
use finish::Work;

mod check;
mod finish;
mod refused;

/// Takes one push.
pub async fn receive_pack(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    request: Request,
    authorized: Authorized,
    account: &Rc<Account>,
) -> Result<worker::Result<Response>, ErrorReply> {
    let mut reservation = reserve_share(object, PUSH_BYTES).await?;
    let bad =
        |error: &dyn std::error::Error| ErrorReply::new(ErrorCode::InvalidInput, error.to_string());
    let mut body = Body::of(&request).map_err(|error| bad(&error))?;
    let limits = limits(object);
    let mut reader = PushCommandsReader::new(Offer::DEFAULT, &limits);
    let mut piece = Vec::new();
    let mut first = Vec::new();
    while body.next(&mut piece).await.map_err(|error| bad(&error))? {
        let mut rest = piece.as_slice();
        match reader.feed(&mut rest) {
            Ok(true) => {
                first = rest.to_vec();
                break;
            }
            Ok(false) => {}
            Err(error) => {
                let side_band = reader.capabilities().side_band;
                body.drain().await;
                return Ok(fatal(account, side_band, &error.to_string()));
            }
        }
    }
    let commands = reader.finish().map_err(|error| bad(&error))?;
    let side_band = commands.capabilities.side_band;
    if commands.commands.is_empty() {
        return Ok(probed(account, side_band));
    }
    if let Err(error) = commands.check_names_differ() {
        body.drain().await;
        account.received(body.received_bytes());
        return Ok(fatal(account, side_band, &error.to_string()));
    }
    let mut push = Push::new(
        Rc::clone(object),
        Rc::clone(store),
        commands,
        authorized,
        limits,
        Rc::clone(account),
    );
    push.judge();
    push.receive(first, &mut body, &mut reservation).await?;
    body.drain().await;
    account.received(body.received_bytes());
    Ok(push.answer(reservation))
}

/// The variable with the most bytes that one push may have, where the platform takes no more.
const PUSH_BYTES_MAX: &str = "CAIRN_PUSH_BYTES_MAX";

fn limits(object: &RepoObject) -> Limits {
    let most = object.variable(PUSH_BYTES_MAX);
    let most = most.and_then(|text| text.parse().ok());
    let limits = Limits::DEFAULT;
    Limits {
        pack_bytes_max: most.unwrap_or(u64::MAX).min(limits.pack_bytes_max),
        ..limits
    }
}

/// Git's probe of the connection, before it sends a body that it cannot send again.
fn probed(account: &Account, side_band: SideBand) -> worker::Result<Response> {
    let mut out = Vec::new();
    if side_band != SideBand::None {
        pktline::flush(&mut out);
    }
    account::whole(account, Service::ReceivePack, Media::Result, out)
}

/// The request cannot be understood: said where the client shows it.
fn fatal(account: &Account, side_band: SideBand, message: &str) -> worker::Result<Response> {
    account.failed(fault::REFUSED);
    let message = account.named(message);
    let mut out = Vec::new();
    if side_band == SideBand::None {
        pktline::err(&message, &mut out);
    } else {
        band(
            Band::Error,
            format!("{message}\n").as_bytes(),
            side_band,
            &mut out,
        );
        pktline::flush(&mut out);
    }
    account::whole(account, Service::ReceivePack, Media::Result, out)
}

/// What the repository allows.
fn settings(record: &RepositoryRecord) -> Settings<'_> {
    Settings {
        read_only: record.read_only,
        deny_deletes: record.deny_deletes,
        deny_non_fast_forwards: record.deny_non_fast_forwards,
        head: record.head.as_ref(),
    }
}

/// A push whose commands were read.
struct Push {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    commands: PushCommands,
    authorized: Authorized,
    limits: Limits,
    account: Rc<Account>,
    /// By command: why it is refused, as far as that is known.
    rejections: Vec<Option<Rejection>>,
    inspection: Inspection,
    opened: Opened,
    /// What is found of the live packs must stay while the push runs.
    _reader: Reader,
    /// The pack, once it has arrived whole.
    arrived: Option<Result<IncomingObjects, PackError>>,
}

impl Push {
    fn new(
        object: Rc<RepoObject>,
        store: Rc<Store>,
        commands: PushCommands,
        authorized: Authorized,
        limits: Limits,
        account: Rc<Account>,
    ) -> Self {
        let opened = Opened::new(Rc::clone(&object), Rc::clone(&store));
        let reader = object.readers.enter(Purpose::Push, now_ms());
        let rejections = commands.commands.iter().map(|_| None).collect();
        Self {
            object,
            store,
            commands,
            authorized,
            limits,
            account,
            rejections,
            inspection: Inspection::default(),
            opened,
            _reader: reader,
            arrived: None,
        }
    }

    /// Judges the pusher, and each command by what needs no pack, by what the database says now:
    /// when the push begins, and again in the step that publishes it.
    fn judge(&mut self) {
        match self.authorized.judge_again(&self.store, Access::Push) {
            Ok(record) => self.authorized.record = record,
            Err(refused) => return self.refuse_all(&refused),
        }
        let settings = settings(&self.authorized.record);
        for (command, rejection) in self.commands.commands.iter().zip(&mut self.rejections) {
            if rejection.is_none() {
                *rejection = rules::before_pack(command, &settings, &self.limits).err();
            }
        }
        self.propagate_atomic();
    }

    /// Asks again whoever vouched for the token, if that is not this object.
    async fn renew(&mut self) {
        let object = Rc::clone(&self.object);
        if let Err(refused) = self.authorized.renew(&object).await {
            self.refuse_all(&refused);
        }
    }

    /// Refuses every command: the pusher may not push.
    fn refuse_all(&mut self, refused: &ErrorReply) {
        for rejection in &mut self.rejections {
            rejection.get_or_insert_with(|| Rejection::NotPermitted {
                reason: refused.message.clone(),
            });
        }
    }

    /// In an atomic push one refusal refuses all.
    fn propagate_atomic(&mut self) {
        if self.commands.capabilities.atomic && self.rejections.iter().any(Option::is_some) {
            for rejection in &mut self.rejections {
                rejection.get_or_insert(Rejection::Atomic);
            }
        }
    }

    /// Takes the pack as it arrives. After an error, or when nothing can come of it, the rest of
    /// the body is left to be drained.
    async fn receive(
        &mut self,
        first: Vec<u8>,
        body: &mut Body,
        reservation: &mut Reservation,
    ) -> Result<(), ErrorReply> {
        let wanted = |(command, rejection): (&PushCommand, &Option<Rejection>)| {
            rejection.is_none() && command.new.is_some()
        };
        if !self
            .commands
            .commands
            .iter()
            .zip(&self.rejections)
            .any(wanted)
        {
            return Ok(());
        }
        let mut parser = PackParser::new(self.limits);
        let mut piece = first;
        let mut objects_announced = 0;
        loop {
            if let Err(error) = parser.feed(&piece, &self.opened, &mut self.inspection) {
                self.arrived = Some(Err(error));
                return Ok(());
            }
            self.opened.sweep_later().await?;
            if objects_announced == 0 {
                objects_announced = parser.progress().objects_announced;
                let tables = u64::from(objects_announced) * PUSHED_OBJECT_BYTES;
                match reserve(tables).await {
                    Ok(more) => {
                        reservation.join(more);
                        make_room(tables);
                    }
                    Err(error) => {
                        self.opened.discard();
                        return Err(error);
                    }
                }
            }
            match body.next(&mut piece).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.opened.discard();
                    return Err(ErrorReply::new(ErrorCode::InvalidInput, error.to_string()));
                }
            }
        }
        self.arrived = Some(parser.finish_input());
        Ok(())
    }

    /// The response: progress while the rest of the work is done, then the report.
    fn answer(self, reservation: Reservation) -> worker::Result<Response> {
        let (sender, receiver) = futures::channel::mpsc::unbounded();
        let account = Rc::clone(&self.account);
        let work = async move {
            Work::new(self, Voice { sender }).run().await;
            drop(reservation);
        };
        // The work goes on while the client reads; when it hangs up, both are dropped.
        let work = stream::once(work).filter_map(|()| future::ready(None));
        let pieces = stream::select(receiver.map(Ok::<Vec<u8>, worker::Error>), work);
        account::streamed(&account, Service::ReceivePack, pieces)
    }
}

/// What is said to the client while the work goes on.
struct Voice {
    sender: UnboundedSender<Vec<u8>>,
}

impl Voice {
    fn say(&self, bytes: Vec<u8>) {
        // The receiver is gone when the client is; then nobody listens.
        let _ = self.sender.unbounded_send(bytes);
    }
}
