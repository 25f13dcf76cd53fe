import type { Code } from "../../client";
import { language } from "../i18n";

/** The texts of this page, loaded with it alone. */
export interface Texts {
  title: string;
  what: string;
  again: string;
  trying: string;
  findings: string;
  ways: string;
  address: string;
  known: string;
  outcome: string;
  works: string;
  fails: string;
  router: string;
  stun: string;
  sees: string;
  origins: Record<"interface" | "announced" | "seen" | "mapped", string>;
  scopes: Record<"machine" | "home" | "provider" | "internet", string>;
  routers: Record<"off" | "asking" | "none" | "silent" | "refused" | "mapped", string>;
  codes: Record<Code, string>;
}

export const en: Texts = {
  title: "Reaching this box",
  what: "The box has just connected with itself by every way that browsers are told for sound and pictures. Whether a router lets others in is seen from outside alone: the last test is a call with a phone that has left the Wi-Fi.",
  again: "Try again",
  trying: "Trying every way …",
  findings: "What this means",
  ways: "Ways for sound and pictures",
  address: "Address",
  known: "Known by",
  outcome: "Tried from here",
  works: "works, {took} ms",
  fails: "no answer",
  router: "Router",
  stun: "Seen from outside",
  sees: "{server} sees the box at {address}",
  origins: { interface: "network card", announced: "configuration", seen: "STUN server", mapped: "router" },
  scopes: { machine: "this machine", home: "at home", provider: "the provider's network", internet: "internet" },
  routers: {
    off: "It is not asked.",
    asking: "It is being asked.",
    none: "There is none.",
    silent: "It gives no answer.",
    refused: "It refuses.",
    mapped: "It forwards from {outside}.",
  },
  codes: {
    no_address: "The box has no address on any network. Look at its cable or Wi-Fi.",
    home_works: "Calls reach the box at home, by every address that it has there.",
    home_fails:
      "The box does not reach itself by one of its own addresses. A firewall on the box may hold back the port of peers.listen: allow it for UDP and TCP.",
    public_address:
      "The box has an address of the internet itself. Nothing needs to be forwarded; a firewall on the router has to let the port of peers.listen in.",
    only_home:
      "Browsers are told addresses of your home alone: people elsewhere have neither sound nor pictures. Forward the port of peers.listen (UDP and TCP) in the router and set peers.announce to the router's address, or turn on peers.map_ports if the router may be asked for it.",
    outside_works: "The box reaches itself through its address on the internet: people elsewhere most likely do too.",
    outside_untried:
      "The box does not reach itself through its address on the internet. Many routers never turn traffic around like this, so that it may work all the same: try a call with a phone that has left the Wi-Fi. If that fails, look at the port forwarding.",
    tcp_off: "Sound and pictures are not taken by TCP (peers.tcp is false): people in networks without UDP have none.",
    router_off: "The router is not asked to forward ports (peers.map_ports is false).",
    router_asking: "The router is being asked to forward ports. Look again in half a minute.",
    router_mapped: "The router forwards the ports for sound and pictures to the box.",
    router_none: "There is no IPv4 router to ask for ports.",
    router_silent:
      "The router can't be asked for ports: it speaks neither PCP, NAT-PMP nor UPnP, or that is turned off. Turn it on there, or forward the port of peers.listen (UDP and TCP) by hand.",
    router_refused:
      "The router refuses to forward ports. Allow it for this box in the router, or forward the port of peers.listen (UDP and TCP) by hand.",
    behind_provider:
      "The router has no address of the internet itself: your provider puts several customers behind one. Forwarding ports does not help with that. Ask the provider for an address of your own, use IPv6, or set up a relay.",
    stun_silent: "None of the servers of peers.stun answers. Look at their names, and whether the router lets UDP out.",
    nat_stable:
      "The router shows the same address and port to everybody outside: many connect through it even without a forwarded port.",
    nat_changing:
      "The router shows another port to each server outside (a symmetric NAT): what STUN finds helps nobody. Forward the port of peers.listen, or set up a relay.",
    relay:
      "People are told of a relay, for networks that let nothing else through. Whether it works is seen in a call alone.",
    no_relay: "There is no relay. People behind a strict firewall, such as at work, may be without sound and pictures.",
  },
};

export const de: Texts = {
  title: "Erreichbarkeit der Box",
  what: "Die Box hat sich gerade auf jedem Weg, den sie Browsern für Ton und Bild nennt, mit sich selbst verbunden. Ob ein Router andere hereinlässt, sieht man nur von außen: Die letzte Probe ist ein Anruf mit einem Handy, das nicht im WLAN ist.",
  again: "Erneut versuchen",
  trying: "Jeder Weg wird versucht …",
  findings: "Was das bedeutet",
  ways: "Wege für Ton und Bild",
  address: "Adresse",
  known: "Bekannt durch",
  outcome: "Versuch von hier",
  works: "geht, {took} ms",
  fails: "keine Antwort",
  router: "Router",
  stun: "Von außen gesehen",
  sees: "{server} sieht die Box unter {address}",
  origins: { interface: "Netzwerkkarte", announced: "Konfiguration", seen: "STUN-Server", mapped: "Router" },
  scopes: { machine: "diese Maschine", home: "zu Hause", provider: "Netz des Anbieters", internet: "Internet" },
  routers: {
    off: "Er wird nicht gefragt.",
    asking: "Er wird gerade gefragt.",
    none: "Es gibt keinen.",
    silent: "Er antwortet nicht.",
    refused: "Er lehnt ab.",
    mapped: "Er leitet weiter von {outside}.",
  },
  codes: {
    no_address: "Die Box hat in keinem Netz eine Adresse. Sieh nach Kabel oder WLAN.",
    home_works: "Anrufe erreichen die Box zu Hause, unter jeder Adresse, die sie dort hat.",
    home_fails:
      "Unter einer ihrer eigenen Adressen erreicht sich die Box nicht. Vielleicht hält eine Firewall auf der Box den Port von peers.listen zurück: Erlaube ihn für UDP und TCP.",
    public_address:
      "Die Box hat selbst eine Adresse im Internet. Weiterleiten muss niemand etwas; eine Firewall im Router muss den Port von peers.listen hereinlassen.",
    only_home:
      "Browser erfahren nur Adressen deines Zuhauses: Wer woanders ist, hat weder Ton noch Bild. Leite im Router den Port von peers.listen (UDP und TCP) weiter und setze peers.announce auf die Adresse des Routers, oder schalte peers.map_ports ein, wenn der Router darum gebeten werden darf.",
    outside_works:
      "Die Box erreicht sich über ihre Adresse im Internet: Sehr wahrscheinlich können das auch Menschen von woanders.",
    outside_untried:
      "Über ihre Adresse im Internet erreicht sich die Box nicht. Viele Router lenken solchen Verkehr nie um, es kann also trotzdem gehen: Versuche einen Anruf mit einem Handy, das nicht im WLAN ist. Geht das nicht, sieh nach der Weiterleitung.",
    tcp_off: "Ton und Bild werden nicht über TCP angenommen (peers.tcp ist false): In Netzen ohne UDP gibt es keine.",
    router_off: "Der Router wird nicht um Weiterleitung gebeten (peers.map_ports ist false).",
    router_asking: "Der Router wird gerade um Weiterleitung gebeten. Sieh in einer halben Minute noch einmal nach.",
    router_mapped: "Der Router leitet die Ports für Ton und Bild an die Box weiter.",
    router_none: "Es gibt keinen IPv4-Router, der um Ports gebeten werden könnte.",
    router_silent:
      "Der Router lässt sich nicht um Ports bitten: Er spricht weder PCP noch NAT-PMP noch UPnP, oder das ist ausgeschaltet. Schalte es dort ein, oder leite den Port von peers.listen (UDP und TCP) von Hand weiter.",
    router_refused:
      "Der Router lehnt es ab, Ports weiterzuleiten. Erlaube es dieser Box im Router, oder leite den Port von peers.listen (UDP und TCP) von Hand weiter.",
    behind_provider:
      "Der Router hat selbst keine Adresse im Internet: Dein Anbieter steckt mehrere Kunden hinter eine. Weiterleiten hilft dagegen nicht. Bitte den Anbieter um eine eigene Adresse, nutze IPv6 oder richte ein Relais ein.",
    stun_silent:
      "Keiner der Server von peers.stun antwortet. Sieh nach ihren Namen, und ob der Router UDP hinauslässt.",
    nat_stable:
      "Der Router zeigt allen draußen dieselbe Adresse und denselben Port: Viele kommen auch ohne Weiterleitung hindurch.",
    nat_changing:
      "Der Router zeigt jedem Server draußen einen anderen Port (symmetrisches NAT): Was STUN findet, nützt niemandem. Leite den Port von peers.listen weiter oder richte ein Relais ein.",
    relay: "Ein Relais wird genannt, für Netze, die sonst nichts durchlassen. Ob es geht, zeigt erst ein Anruf.",
    no_relay:
      "Es gibt kein Relais. Wer hinter einer strengen Firewall sitzt, etwa bei der Arbeit, hat vielleicht weder Ton noch Bild.",
  },
};

export const texts: Texts = { en, de }[language];
