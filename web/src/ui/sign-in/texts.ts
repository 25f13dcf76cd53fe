import { language } from "../i18n";

const en = {
  title: "Sign in",
  claim_title: "Whose box is this?",
  claim_text:
    "Nobody owns this box yet. It shows a number of six digits on its screen, in its terminal and in its journal. Whoever types it here owns the box from then on.",
  claim_near:
    "This works from the local network of the box alone. A number works for ten minutes; then there is another.",
  pin: "Number on the box",
  name: "Your name",
  box: "Name of the box",
  box_text: "For example where it stands. It is found under that name on the local network, and passkeys belong to it.",
  own: "Make this box mine",
  code_title: "By another of your devices",
  code_text: "Open “My account” on a device that is signed in, and have it show a code.",
  code: "Code of eight digits",
  go: "Sign in",
  passkey_title: "By a passkey",
  passkey: "Use a passkey",
  passkey_none:
    "Passkeys work where this page is opened by the name of the box, and the browser trusts its certificate.",
  passkey_failed: "No passkey was used. Try again, or sign in another way.",
  wallet_title: "By a wallet",
  wallet: "Use a wallet",
  wallet_none: "This browser has no wallet.",
  wallet_failed: "The wallet signed nothing. Try again, or sign in another way.",
  statement: "Sign in to this box.",
  recovery_title: "By a recovery code",
  recovery: "One of the codes that you wrote down",
  lost: "You have none of these? Ask who owns the box for a code. The owner finds a link in the file owner-link on the box itself.",
};

const de: typeof en = {
  title: "Anmelden",
  claim_title: "Wem gehört diese Box?",
  claim_text:
    "Diese Box gehört noch niemandem. Sie zeigt eine Zahl mit sechs Ziffern auf ihrem Bildschirm, im Terminal und im Journal. Wer sie hier eingibt, dem gehört die Box von da an.",
  claim_near: "Das geht nur aus dem lokalen Netz der Box. Eine Zahl gilt zehn Minuten, danach gibt es eine andere.",
  pin: "Zahl auf der Box",
  name: "Dein Name",
  box: "Name der Box",
  box_text:
    "Zum Beispiel, wo sie steht. Unter diesem Namen ist sie im lokalen Netz zu finden, und Passkeys gehören zu ihm.",
  own: "Das ist meine Box",
  code_title: "Mit einem anderen deiner Geräte",
  code_text: "Öffne „Mein Konto“ auf einem angemeldeten Gerät und lass dir einen Code zeigen.",
  code: "Code mit acht Ziffern",
  go: "Anmelden",
  passkey_title: "Mit einem Passkey",
  passkey: "Passkey verwenden",
  passkey_none:
    "Passkeys gehen, wenn diese Seite über den Namen der Box geöffnet ist und der Browser ihrem Zertifikat vertraut.",
  passkey_failed: "Es wurde kein Passkey verwendet. Versuch es noch einmal oder melde dich anders an.",
  wallet_title: "Mit einer Wallet",
  wallet: "Wallet verwenden",
  wallet_none: "Dieser Browser hat keine Wallet.",
  wallet_failed: "Die Wallet hat nichts unterschrieben. Versuch es noch einmal oder melde dich anders an.",
  statement: "Sign in to this box.",
  recovery_title: "Mit einem Wiederherstellungscode",
  recovery: "Einer der Codes, die du aufgeschrieben hast",
  lost: "Du hast nichts davon? Frag, wem die Box gehört, nach einem Code. Wem sie gehört, findet einen Link in der Datei owner-link auf der Box selbst.",
};

export const texts = language === "de" ? de : en;
