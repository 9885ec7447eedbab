//! Ids as the exchange knows them. In storage they count within an organisation; the exchange has one name for each
//! user, account and trunk of all organisations, so the organisation goes into the upper bits.

use bellbird_exchange::words::{
    Availability, Destination, DeviceName, DndAct, DndSource, DndState, Forwarding, OrgId, ReachedAt, Reason, Receipt,
    Telephony, TrunkId, UserId, VoipAccountId,
};

const BITS: u32 = 40;
const LOW: u64 = (1 << BITS) - 1;

/// An id that counts within an organisation.
pub(crate) trait Local: Copy {
    fn number(self) -> u64;
    fn of(number: u64) -> Self;

    /// As the exchange knows it.
    fn inward(self, org: OrgId) -> Self {
        Self::of((org.0 << BITS) | (self.number() & LOW))
    }

    /// As it is stored.
    fn outward(self) -> Self {
        Self::of(self.number() & LOW)
    }

    /// Whose it is, of one that the exchange knows.
    fn organisation(self) -> OrgId {
        OrgId(self.number() >> BITS)
    }
}

macro_rules! local {
    ($($name:ident)*) => {$(
        impl Local for $name {
            fn number(self) -> u64 {
                self.0
            }

            fn of(number: u64) -> Self {
                Self(number)
            }
        }
    )*};
}

local! { UserId VoipAccountId TrunkId }

pub(crate) fn destination(to: Destination, org: OrgId) -> Destination {
    match to {
        Destination::User { user } => Destination::User { user: user.inward(org) },
        Destination::Account { account } => Destination::Account { account: account.inward(org) },
        same @ (Destination::HangUp | Destination::External { .. } | Destination::Unknown) => same,
    }
}

fn reached_at(at: ReachedAt, org: OrgId) -> ReachedAt {
    match at {
        ReachedAt::Account { account } => ReachedAt::Account { account: account.inward(org) },
        same @ (ReachedAt::AllDevices | ReachedAt::External { .. } | ReachedAt::Unknown) => same,
    }
}

pub(crate) fn availability(availability: Availability, org: OrgId) -> Availability {
    match availability {
        Availability::Available { at } => Availability::Available { at: reached_at(at, org) },
        same @ (Availability::NotAvailable { .. } | Availability::Unknown) => same,
    }
}

pub(crate) fn telephony(mut telephony: Telephony, org: OrgId) -> Telephony {
    telephony.no_answer = destination(telephony.no_answer, org);
    telephony.number_for_colleagues = telephony.number_for_colleagues.map(|at| reached_at(at, org));
    telephony.desk_phone = telephony.desk_phone.map(|account| account.inward(org));
    let all = &mut telephony.forwarding;
    for forwarding in [&mut all.always, &mut all.busy, &mut all.no_answer, &mut all.unreachable] {
        *forwarding = forwarding.take().map(|known| Forwarding { to: destination(known.to, org), ..known });
    }
    telephony
}

pub(crate) fn dnd(mut state: DndState, org: OrgId) -> DndState {
    let by = state.act.as_mut().map(|act| &mut act.by);
    if let Some(DndSource::DeskPhone { account }) = by {
        *account = account.inward(org);
    }
    state
}

pub(crate) fn act_outward(mut act: DndAct) -> DndAct {
    if let DndSource::DeskPhone { account } = &mut act.by {
        *account = account.outward();
    }
    act
}

pub(crate) fn device_outward(device: DeviceName) -> DeviceName {
    match device {
        DeviceName::DeskPhone { account, number, name } => {
            DeviceName::DeskPhone { account: account.outward(), number, name }
        }
        DeviceName::Colleague { user, name } => DeviceName::Colleague { user: user.outward(), name },
        same @ (DeviceName::Client { .. } | DeviceName::External { .. } | DeviceName::Unknown) => same,
    }
}

pub(crate) fn reason_outward(reason: Reason) -> Reason {
    Reason { device: reason.device.map(device_outward), user: reason.user.map(Local::outward), ..reason }
}

pub(crate) fn receipt_outward(receipt: Receipt) -> Receipt {
    Receipt { device: device_outward(receipt.device), ..receipt }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_in_two_organisations_is_two_ids_inside_and_one_outside() {
        let (one, other) = (UserId(7).inward(OrgId(1)), UserId(7).inward(OrgId(2)));
        assert_ne!(one, other);
        assert_eq!((one.outward(), other.outward()), (UserId(7), UserId(7)));
        assert_eq!((one.organisation(), other.organisation()), (OrgId(1), OrgId(2)));
    }

    #[test]
    fn destinations_of_forwardings_follow() {
        let to = Destination::User { user: UserId(3) };
        let mut before = Telephony { no_answer: to.clone(), ..Telephony::default() };
        before.forwarding.busy = Some(Forwarding { active: true, to });
        let after = telephony(before, OrgId(2));
        let inside = Destination::User { user: UserId(3).inward(OrgId(2)) };
        assert_eq!(after.no_answer, inside);
        assert_eq!(after.forwarding.busy.map(|busy| busy.to), Some(inside));
    }
}
