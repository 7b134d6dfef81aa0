// Where work goes in the memory of the fake host.
import type { AccountChoice, ReceiverView } from "../bindings";

const lina: AccountChoice = {
  account: "a1",
  site_name: "Practice campus",
  username: "lina",
  full_name: "Lina Mwangi",
};
const omar: AccountChoice = { account: "a2", site_name: "Practice campus", username: "omar", full_name: "Omar Haddad" };

export function receiverOf(kind: string | null): ReceiverView {
  switch (kind) {
    case "sign_in":
      return { kind, sites: [{ site: "https://campus.example", host: "campus.example" }] };
    case "choose":
      return { kind, accounts: [lina, omar] };
    case "nobody":
      return { kind };
    default:
      return { kind: "account", account: lina };
  }
}
