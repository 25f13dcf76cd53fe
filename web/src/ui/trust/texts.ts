import { language } from "../i18n";

/** What one system needs: a name, the file it takes, and the steps. Steps are sentences; `{secure}` is the address. */
export interface Guide {
  id: "android" | "ios" | "macos" | "windows" | "linux" | "firefox";
  name: string;
  file: "/ca.crt" | "/ca.pem" | "/ca.mobileconfig";
  steps: readonly string[];
}

/** The texts of this page, loaded with it alone. */
export interface Texts {
  title: string;
  why: string;
  nothing: string;
  off: string;
  limits: string;
  fingerprint: string;
  compare: string;
  systems: string;
  download: string;
  after: string;
  open: string;
  phone: string;
  phone_text: string;
  code: string;
  without: string;
  guides: readonly Guide[];
}

export const en: Texts = {
  title: "Trust this box",
  why: "Browsers give camera and microphone to secure pages only. This box makes its own certificate for that, and each device has to be told once that it may be trusted.",
  nothing: "This box has a certificate from elsewhere. There is nothing to install.",
  off: "This box does not serve secure pages: HTTPS is turned off in its configuration, or something in front of it does it.",
  limits:
    "What you install can vouch for names on your own network (.local, .lan, .home.arpa, localhost) and for private addresses, and for nothing on the internet. You can remove it at any time.",
  fingerprint: "Fingerprint (SHA-256)",
  compare:
    "Compare it with what this page shows on a device that trusts the box already, or at the box itself. Install the file only if both are the same.",
  systems: "Choose your device",
  download: "Download the certificate",
  after: "When that is done",
  open: "Open the secure address",
  phone: "On a phone or tablet",
  phone_text: "Point its camera at this code, or type the address. The device has to be on the same network.",
  code: "QR code with the address of this page",
  without:
    "Without any of this the browser warns of the secure address. You can continue past the warning; on many devices a call works then too, but nobody vouches that it is this box you reach.",
  guides: [
    {
      id: "android",
      name: "Android",
      file: "/ca.crt",
      steps: [
        "Download the certificate.",
        "Open Settings and search for “CA certificate” (Security, More security settings, Encryption and credentials, Install a certificate).",
        "Choose “CA certificate”, then “Install anyway”, and pick porchlight-ca.crt among the downloads.",
      ],
    },
    {
      id: "ios",
      name: "iPhone and iPad",
      file: "/ca.mobileconfig",
      steps: [
        "Download the certificate in Safari and allow the profile.",
        "Open Settings, General, VPN & Device Management, choose the profile of this box and install it.",
        "Open Settings, General, About, Certificate Trust Settings, and turn it on.",
      ],
    },
    {
      id: "macos",
      name: "Mac",
      file: "/ca.mobileconfig",
      steps: [
        "Download the certificate and open it.",
        "Open System Settings, General, Device Management (Privacy & Security, Profiles in older versions), choose the profile of this box and install it.",
        "Close the browser and open it again.",
      ],
    },
    {
      id: "windows",
      name: "Windows",
      file: "/ca.crt",
      steps: [
        "Download the certificate and open it, then choose “Install Certificate” and “Current User”.",
        "Choose “Place all certificates in the following store”, Browse, “Trusted Root Certification Authorities”.",
        "Finish, say yes to the question, then close the browser and open it again.",
      ],
    },
    {
      id: "linux",
      name: "Linux: Chromium, Chrome",
      file: "/ca.pem",
      steps: [
        "Download the certificate.",
        "Open chrome://certificate-manager, Custom, Trusted certificates, Import, and pick porchlight-ca.pem. Or in a terminal (package libnss3-tools): certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n porchlight -i porchlight-ca.pem",
        "Close the browser and open it again.",
      ],
    },
    {
      id: "firefox",
      name: "Firefox",
      file: "/ca.pem",
      steps: [
        "On Windows, Mac and Android, Firefox takes over what the system trusts: follow the steps above. On Linux, download the certificate.",
        "Open Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import, and pick porchlight-ca.pem.",
        "Tick “Trust this CA to identify websites”.",
      ],
    },
  ],
};

export const de: Texts = {
  title: "Dieser Box vertrauen",
  why: "Browser geben Kamera und Mikrofon nur sicheren Seiten. Diese Box stellt sich dafür selbst ein Zertifikat aus, und jedem Gerät muss man einmal sagen, dass es ihm vertrauen darf.",
  nothing: "Diese Box hat ein Zertifikat von anderswo. Es gibt nichts zu installieren.",
  off: "Diese Box liefert keine sicheren Seiten: HTTPS ist in ihrer Konfiguration abgeschaltet, oder etwas vor ihr erledigt es.",
  limits:
    "Was du installierst, kann sich für Namen in deinem eigenen Netz (.local, .lan, .home.arpa, localhost) und für private Adressen verbürgen, und für nichts im Internet. Du kannst es jederzeit entfernen.",
  fingerprint: "Fingerabdruck (SHA-256)",
  compare:
    "Vergleiche ihn mit dem, was diese Seite auf einem Gerät zeigt, das der Box schon vertraut, oder an der Box selbst. Installiere die Datei nur, wenn beide gleich sind.",
  systems: "Wähle dein Gerät",
  download: "Zertifikat herunterladen",
  after: "Wenn das getan ist",
  open: "Sichere Adresse öffnen",
  phone: "Auf einem Telefon oder Tablet",
  phone_text: "Richte die Kamera auf diesen Code oder tippe die Adresse ein. Das Gerät muss im selben Netz sein.",
  code: "QR-Code mit der Adresse dieser Seite",
  without:
    "Ohne all das warnt der Browser vor der sicheren Adresse. Du kannst trotzdem weitergehen; auf vielen Geräten gelingt ein Gespräch auch dann, aber niemand verbürgt sich dafür, dass du wirklich diese Box erreichst.",
  guides: [
    {
      id: "android",
      name: "Android",
      file: "/ca.crt",
      steps: [
        "Lade das Zertifikat herunter.",
        "Öffne die Einstellungen und suche nach „CA-Zertifikat“ (Sicherheit, Weitere Sicherheitseinstellungen, Verschlüsselung und Anmeldedaten, Zertifikat installieren).",
        "Wähle „CA-Zertifikat“, dann „Trotzdem installieren“, und unter den Downloads porchlight-ca.crt.",
      ],
    },
    {
      id: "ios",
      name: "iPhone und iPad",
      file: "/ca.mobileconfig",
      steps: [
        "Lade das Zertifikat in Safari herunter und erlaube das Profil.",
        "Öffne Einstellungen, Allgemein, VPN und Geräteverwaltung, wähle das Profil dieser Box und installiere es.",
        "Öffne Einstellungen, Allgemein, Info, Zertifikatsvertrauenseinstellungen, und schalte es ein.",
      ],
    },
    {
      id: "macos",
      name: "Mac",
      file: "/ca.mobileconfig",
      steps: [
        "Lade das Zertifikat herunter und öffne es.",
        "Öffne Systemeinstellungen, Allgemein, Geräteverwaltung (in älteren Versionen Datenschutz & Sicherheit, Profile), wähle das Profil dieser Box und installiere es.",
        "Schließe den Browser und öffne ihn wieder.",
      ],
    },
    {
      id: "windows",
      name: "Windows",
      file: "/ca.crt",
      steps: [
        "Lade das Zertifikat herunter und öffne es, wähle „Zertifikat installieren“ und „Aktueller Benutzer“.",
        "Wähle „Alle Zertifikate in folgendem Speicher speichern“, Durchsuchen, „Vertrauenswürdige Stammzertifizierungsstellen“.",
        "Schließe den Vorgang ab, bejahe die Frage, und öffne den Browser neu.",
      ],
    },
    {
      id: "linux",
      name: "Linux: Chromium, Chrome",
      file: "/ca.pem",
      steps: [
        "Lade das Zertifikat herunter.",
        "Öffne chrome://certificate-manager, Benutzerdefiniert, Vertrauenswürdige Zertifikate, Importieren, und wähle porchlight-ca.pem. Oder in einem Terminal (Paket libnss3-tools): certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n porchlight -i porchlight-ca.pem",
        "Schließe den Browser und öffne ihn wieder.",
      ],
    },
    {
      id: "firefox",
      name: "Firefox",
      file: "/ca.pem",
      steps: [
        "Unter Windows, Mac und Android übernimmt Firefox, wem das System vertraut: folge den Schritten oben. Unter Linux lade das Zertifikat herunter.",
        "Öffne Einstellungen, Datenschutz & Sicherheit, Zertifikate, Zertifikate anzeigen, Zertifizierungsstellen, Importieren, und wähle porchlight-ca.pem.",
        "Hake „Dieser CA vertrauen, um Websites zu identifizieren“ an.",
      ],
    },
  ],
};

export const texts: Texts = language === "de" ? de : en;

/** Which guide is likely the right one for this browser. */
export function guess(agent: string): Guide["id"] {
  if (/android/i.test(agent)) return "android";
  if (/iphone|ipad|ipod/i.test(agent)) return "ios";
  if (/macintosh/i.test(agent)) return "macos";
  if (/windows/i.test(agent)) return "windows";
  return /firefox/i.test(agent) ? "firefox" : "linux";
}
