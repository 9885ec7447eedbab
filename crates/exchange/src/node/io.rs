use bellbird_sip::agent::{Body, CallEnd, CallId, Party, SavedCall};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

use super::MediaTag;

/// A name for one connection of the node, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// A name for one question to the media port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaId(pub u64);

/// What the node wants of its owner.
#[derive(Clone, Debug)]
pub enum Output {
    /// Rewrite a description, or hand it back as it is: answer with [`Node::media`](super::Node::media).
    Media(MediaRequest),
    /// Somebody wants a party of his call to be sent elsewhere: answer with
    /// [`Node::transfer_to`](super::Node::transfer_to) or [`Node::refuse_transfer`](super::Node::refuse_transfer).
    Transfer {
        /// In which connection.
        session: SessionId,
        /// Who asks.
        by: CallId,
        /// Where to.
        target: Uri,
        /// Referred-By, if told.
        referred_by: Option<Party>,
    },
    /// How a connection goes.
    Progress(SessionId, Progress),
    /// This has to survive: both legs, before the caller hears of the answer and after each exchange of offer and answer.
    /// Tell [`Node::stored`](super::Node::stored).
    Save(SessionId, Box<SavedSession>),
    /// A connection is over; what was saved of it can go.
    Over(SessionId),
}

/// How a connection goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// A leg to this target is on its way.
    Called(CallId, MediaTag),
    /// Somebody rings.
    Ringing(CallId),
    /// The first leg of a call that the server makes for a user is there; the target is rung now.
    FirstAnswered(CallId),
    /// A device stopped ringing without taking it.
    NotTaken(CallId, CallEnd),
    /// These two talk.
    Connected(CallId, CallId),
    /// It came to nothing.
    Failed(StatusCode),
}

/// A description on its way from one end to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRequest {
    /// Its name.
    pub id: MediaId,
    /// In which connection.
    pub session: SessionId,
    /// What it is.
    pub kind: MediaKind,
    /// Where it comes from.
    pub from: End,
    /// Where it goes; of [`MediaKind::Park`] the same end.
    pub to: End,
    /// The description.
    pub body: Body,
}

/// What a description on its way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// An offer.
    Offer,
    /// What an end described last, offered anew to somebody else: a hold in it was meant for who talked to it before.
    Again,
    /// An answer.
    Answer,
    /// An offer that the server itself has to answer: nobody is there yet to do it.
    Park,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct End {
    /// The leg; none yet of one that is about to be called.
    pub call: Option<CallId>,
    /// What the media port knows it by.
    pub tag: MediaTag,
}

/// A connection of two answered legs as plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedSession {
    /// One leg.
    pub a: SavedLeg,
    /// The other.
    pub b: SavedLeg,
}

/// One leg of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedLeg {
    /// The dialog.
    pub call: SavedCall,
    /// What the media port knows it by.
    pub media: MediaTag,
}
