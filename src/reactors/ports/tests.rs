use std::net::Ipv4Addr;

use super::*;
use zmtp::PortLimits;

fn open(wanted: Wanted) -> io::Result<(Port, Publisher)> {
    let publisher = Publisher::new(PortLimits::default());
    let socket = Socket::Publisher(publisher.clone());
    let ip = Ipv4Addr::LOCALHOST.into();
    let port = Port::open(socket, ip, wanted, CancellationToken::new())?;
    Ok((port, publisher))
}

#[tokio::test]
async fn a_configured_port_is_there_at_once_or_is_an_error() {
    let (port, _) = open(Wanted::Exactly(0)).unwrap();
    let taken = port.address().unwrap().port();
    assert_ne!(taken, 0);
    let error = open(Wanted::Exactly(taken)).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn the_usual_port_is_taken_over_when_its_holder_lets_go() {
    let (holder, _) = open(Wanted::Exactly(0)).unwrap();
    let address = holder.address().unwrap();
    let (port, publisher) = open(Wanted::Usually(address.port())).unwrap();
    assert_eq!(port.address(), None);
    let PortState::Waiting { reason, .. } = port.state() else {
        panic!("another process has it");
    };
    assert!(!reason.is_empty());
    holder.close().await;
    let mut state = port.state.clone();
    let bound = state.wait_for(|state| *state == PortState::Bound(address));
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, bound)
        .await
        .unwrap()
        .unwrap();
    // It is served as well.
    let _peer = tokio::net::TcpStream::connect(address).await.unwrap();
    port.close().await;
    assert_eq!(publisher.stats().cut_off, 0);
}
