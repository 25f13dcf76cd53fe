import type { CertificateFailure, CertificateSource } from "../../client";
import { language } from "../i18n";

/** The texts of the card about certificates, loaded with it alone. `{day}` is a day and a time. */
export interface Texts {
  title: string;
  until: string;
  none: string;
  asking: string;
  renewed: string;
  next: string;
  clock: string;
  failed: string;
  again: string;
  renew: string;
  sources: Record<CertificateSource, string>;
  codes: Record<CertificateFailure, string>;
}

export const en: Texts = {
  title: "Certificates of this box",
  until: "valid until {day}",
  none: "If you own a name on the internet, the box can get a certificate for it that every browser trusts: give it as acme.names in the configuration.",
  asking: "The certificate authority is being asked …",
  renewed: "It is renewed on {day}.",
  next: "The box asks again on {day}.",
  clock: "Nothing is asked until the clock is right.",
  failed: "No new certificate on {day}",
  again: "Try again",
  renew: "Renew now",
  sources: {
    own: "From the box's own authority",
    configured: "From the configured files",
    acme: "From a certificate authority that browsers trust",
  },
  codes: {
    clock:
      "The clock of the box is wrong, so that no certificate would be valid for it. Connect the box to the internet, so that it is set, or set it by hand.",
    directory_unreachable:
      "The certificate authority can't be reached. Look at the box's connection to the internet, and at acme.directory.",
    directory_untrusted:
      "The HTTPS of the certificate authority can't be trusted. For an authority of your own give its root certificate as acme.trust; otherwise update the package ca-certificates.",
    directory_odd:
      "What answers at acme.directory is no certificate authority that speaks ACME, or it is out of order. Look at the address; the box tries again.",
    rate_limited:
      "The certificate authority was asked too often. The box tries again by itself when the authority permits it.",
    terms: "The certificate authority has other terms of service. Read them at its site, then try again.",
    contact:
      "The certificate authority does not take the address in acme.contact. Give another one in the configuration, or none.",
    external_account:
      "This certificate authority wants an account that was made elsewhere, which the box can't use. Choose another one in acme.directory.",
    account:
      "The certificate authority does not know the box's account any more. The box makes another one with the next attempt.",
    name_refused:
      "The certificate authority does not sign for one of the names. Look at acme.names, and whether a CAA record of the domain names another authority.",
    not_offered:
      "The certificate authority takes no proof of the kind in acme.challenge for one of the names. Choose the other one.",
    not_reached:
      "The certificate authority did not find the box at one of the names. The name has to lead to this box, and port 80 has to be open from the internet: forward it in the router to the box.",
    not_in_dns:
      "The certificate authority did not find the box's record in the DNS. Look whether all name servers of the zone get the update, or give them longer with acme.dns_wait.",
    dns_unreachable:
      "The name server can't be reached. Look at acme.dns_server, and whether it lets this box in by TCP.",
    dns_key_refused:
      "The name server does not take the key. Look at acme.dns_key_name and the file of acme.dns_key, at the clocks of both, and at the algorithm, which is hmac-sha256.",
    dns_refused:
      "The name server does not permit the update, or does not have the zone. Look at acme.dns_zone, and let the key of acme.dns_key_name change TXT records in it.",
    acme_dns_unreachable: "The acme-dns server can't be reached, or is none. Look at acme.acme_dns.",
    acme_dns_refused:
      "The acme-dns server does not take the account. Register the box there again, and store the answer in the file of acme.acme_dns_account.",
    authority_failed: "The certificate authority could not do it. It often passes by itself; the box tries again.",
    unusable: "What the certificate authority gave is no certificate for the names. Look at acme.directory.",
    disk: "The certificate or the account can't be written to the state folder. Look at the disk of the box.",
  },
};

export const de: Texts = {
  title: "Zertifikate dieser Box",
  until: "gültig bis {day}",
  none: "Wenn dir ein Name im Internet gehört, kann die Box dafür ein Zertifikat holen, dem jeder Browser vertraut: trage ihn in der Konfiguration als acme.names ein.",
  asking: "Die Zertifizierungsstelle wird gefragt …",
  renewed: "Es wird am {day} erneuert.",
  next: "Die Box fragt am {day} wieder.",
  clock: "Es wird nichts gefragt, bis die Uhr stimmt.",
  failed: "Kein neues Zertifikat am {day}",
  again: "Erneut versuchen",
  renew: "Jetzt erneuern",
  sources: {
    own: "Von der eigenen Stelle der Box",
    configured: "Aus den Dateien der Konfiguration",
    acme: "Von einer Zertifizierungsstelle, der Browser vertrauen",
  },
  codes: {
    clock:
      "Die Uhr der Box geht falsch, so dass kein Zertifikat für sie gültig wäre. Verbinde die Box mit dem Internet, damit sie gestellt wird, oder stelle sie von Hand.",
    directory_unreachable:
      "Die Zertifizierungsstelle ist nicht zu erreichen. Sieh nach der Verbindung der Box zum Internet und nach acme.directory.",
    directory_untrusted:
      "Dem HTTPS der Zertifizierungsstelle kann nicht vertraut werden. Gib für eine eigene Stelle ihr Wurzelzertifikat als acme.trust an; sonst erneuere das Paket ca-certificates.",
    directory_odd:
      "Was unter acme.directory antwortet, ist keine Zertifizierungsstelle mit ACME, oder sie ist gestört. Prüfe die Adresse; die Box versucht es wieder.",
    rate_limited:
      "Die Zertifizierungsstelle wurde zu oft gefragt. Die Box versucht es von selbst wieder, sobald die Stelle es erlaubt.",
    terms:
      "Die Zertifizierungsstelle hat andere Nutzungsbedingungen. Lies sie auf ihrer Seite und versuche es dann erneut.",
    contact:
      "Die Zertifizierungsstelle nimmt die Adresse in acme.contact nicht an. Gib in der Konfiguration eine andere an oder keine.",
    external_account:
      "Diese Zertifizierungsstelle verlangt ein Konto, das anderswo angelegt wurde; das kann die Box nicht benutzen. Wähle in acme.directory eine andere.",
    account:
      "Die Zertifizierungsstelle kennt das Konto der Box nicht mehr. Die Box legt beim nächsten Versuch ein neues an.",
    name_refused:
      "Die Zertifizierungsstelle unterschreibt für einen der Namen nicht. Prüfe acme.names und ob ein CAA-Eintrag der Domain eine andere Stelle nennt.",
    not_offered:
      "Die Zertifizierungsstelle nimmt für einen der Namen keinen Nachweis der Art in acme.challenge. Wähle die andere.",
    not_reached:
      "Die Zertifizierungsstelle hat die Box unter einem der Namen nicht gefunden. Der Name muss zu dieser Box führen, und Port 80 muss aus dem Internet offen sein: leite ihn im Router an die Box weiter.",
    not_in_dns:
      "Die Zertifizierungsstelle hat den Eintrag der Box im DNS nicht gefunden. Prüfe, ob alle Nameserver der Zone die Änderung bekommen, oder gib ihnen mit acme.dns_wait länger Zeit.",
    dns_unreachable:
      "Der Nameserver ist nicht zu erreichen. Prüfe acme.dns_server und ob er diese Box über TCP einlässt.",
    dns_key_refused:
      "Der Nameserver nimmt den Schlüssel nicht an. Prüfe acme.dns_key_name und die Datei von acme.dns_key, die Uhren beider und das Verfahren: hmac-sha256.",
    dns_refused:
      "Der Nameserver erlaubt die Änderung nicht oder hat die Zone nicht. Prüfe acme.dns_zone und erlaube dem Schlüssel acme.dns_key_name, darin TXT-Einträge zu ändern.",
    acme_dns_unreachable: "Der Server von acme-dns ist nicht zu erreichen oder ist keiner. Prüfe acme.acme_dns.",
    acme_dns_refused:
      "Der Server von acme-dns nimmt das Konto nicht an. Melde die Box dort neu an und lege die Antwort in der Datei von acme.acme_dns_account ab.",
    authority_failed:
      "Die Zertifizierungsstelle konnte es nicht tun. Das geht oft von selbst vorüber; die Box versucht es wieder.",
    unusable: "Was die Zertifizierungsstelle gab, ist kein Zertifikat für die Namen. Prüfe acme.directory.",
    disk: "Das Zertifikat oder das Konto lässt sich nicht in den Zustandsordner schreiben. Sieh nach dem Speicher der Box.",
  },
};

export const texts: Texts = { en, de }[language];
