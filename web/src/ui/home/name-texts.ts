import { language } from "../i18n";

const en = {
  name: "Name of the box",
  save: "Save",
  saved: "The box is called {name}.",
  address: "Opened by its name at",
  what: "Its name in calls, on its screen and on the local network. A passkey belongs to the name under which it was made.",
};

const de: typeof en = {
  name: "Name der Box",
  save: "Speichern",
  saved: "Die Box heißt {name}.",
  address: "Unter ihrem Namen erreichbar:",
  what: "Ihr Name in Anrufen, auf ihrem Bildschirm und im lokalen Netz. Ein Passkey gehört zu dem Namen, unter dem er gemacht wurde.",
};

export const texts = language === "de" ? de : en;
