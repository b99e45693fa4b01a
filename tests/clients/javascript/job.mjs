// The main job through the published JavaScript client. Prints one line of JSON: the facts that came out.

import { createHmac, createPublicKey, verify } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { Client, getLagoError } from "lago-javascript-client";

const { CONTO_URL: url, CONTO_KEY: key, CONTO_HMAC_KEY: hmacKey } = process.env;
const DOCUMENT_SECONDS = 60;
const lago = Client(key, { baseUrl: `${url}/api/v1` });

const codes = (objects) => objects.map((object) => object.code);

/** The status and body of the error that a call ends with. */
async function refusal(call) {
  try {
    await call;
  } catch (error) {
    return { status: error.status, body: await getLagoError(error) };
  }
  throw new Error("the call was not refused");
}

async function customers() {
  const made = await lago.customers.createCustomer({
    customer: { external_id: "acme.eu", name: "Acme", currency: "EUR", timezone: "Europe/Paris" },
  });
  await lago.customers.createCustomer({ customer: { external_id: "acme.eu", name: "Acme Europe" } });
  const found = await lago.customers.findCustomer("acme.eu");
  await lago.customers.createCustomer({ customer: { external_id: "other" } });
  const listed = await lago.customers.findAllCustomers({ per_page: 1, page: 2 });
  const deleted = await lago.customers.destroyCustomer("other");
  return {
    same: made.data.customer.lago_id === found.data.customer.lago_id,
    name: found.data.customer.name,
    timezone: found.data.customer.applicable_timezone,
    listed: listed.data.customers.map((customer) => customer.external_id),
    meta: listed.data.meta,
    deleted: deleted.data.customer.external_id,
  };
}

async function taxes() {
  await lago.taxes.createTax({ tax: { code: "eu/fr.standard", name: "VAT", rate: "19.6" } });
  await lago.taxes.createTax({ tax: { code: "old", name: "Old", rate: "5" } });
  const changed = await lago.taxes.updateTax("eu/fr.standard", { tax: { rate: "20" } });
  const found = await lago.taxes.findTax("eu/fr.standard");
  const listed = await lago.taxes.findAllTaxes();
  const deleted = await lago.taxes.destroyTax("old");
  return {
    changed: changed.data.tax.rate,
    found: found.data.tax.rate,
    listed: codes(listed.data.taxes),
    deleted: deleted.data.tax.code,
  };
}

async function addOns() {
  const add_on = { name: "Setup", amount_cents: 10000, amount_currency: "EUR" };
  await lago.addOns.createAddOn({ add_on: { ...add_on, code: "set/up.v2", tax_codes: ["eu/fr.standard"] } });
  await lago.addOns.createAddOn({ add_on: { ...add_on, code: "old" } });
  const changed = await lago.addOns.updateAddOn("set/up.v2", { add_on: { name: "Set-up" } });
  const found = await lago.addOns.findAddOn("set/up.v2");
  const listed = await lago.addOns.findAllAddOns();
  const deleted = await lago.addOns.destroyAddOn("old");
  return {
    changed: changed.data.add_on.name,
    taxes: codes(found.data.add_on.taxes),
    listed: codes(listed.data.add_ons),
    deleted: deleted.data.add_on.code,
  };
}

async function organization() {
  const changed = await lago.organizations.updateOrganization({ organization: { timezone: "Europe/Paris" } });
  await lago.billingEntities.createBillingEntity({ billing_entity: { code: "it", name: "Italia" } });
  const entity = await lago.billingEntities.updateBillingEntity("it", { billing_entity: { timezone: "Europe/Rome" } });
  const found = await lago.billingEntities.getBillingEntity("it");
  const listed = await lago.billingEntities.listBillingEntities();
  return {
    timezone: changed.data.organization.timezone,
    entity: [entity.data.billing_entity.timezone, found.data.billing_entity.name],
    defaults: listed.data.billing_entities.map((shown) => shown.is_default),
  };
}

async function webhookEndpoints() {
  const made = await lago.webhookEndpoints.createWebhookEndpoint({
    webhook_endpoint: { webhook_url: "https://example.com/b", event_types: ["invoice.voided"] },
  });
  const id = made.data.webhook_endpoint.lago_id;
  await lago.webhookEndpoints.updateWebhookEndpoint(id, { webhook_endpoint: { signature_algo: "hmac" } });
  const found = await lago.webhookEndpoints.findWebhookEndpoint(id);
  const listed = await lago.webhookEndpoints.findAllWebhookEndpoints();
  const deleted = await lago.webhookEndpoints.destroyWebhookEndpoint(id);
  const { webhook_url, signature_algo, event_types } = found.data.webhook_endpoint;
  return {
    found: { webhook_url, signature_algo, event_types },
    listed: listed.data.meta.total_count,
    deleted: deleted.data.webhook_endpoint.lago_id === id,
  };
}

/** A receiver of webhooks: its address, and the first request that comes to each path. */
async function receiver(paths) {
  const arrived = {};
  const promises = Object.fromEntries(paths.map((path) => [path, new Promise((done) => (arrived[path] = done))]));
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    response.end();
    arrived[request.url]({ headers: request.headers, body: Buffer.concat(chunks).toString() });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { address: `http://127.0.0.1:${server.address().port}`, promises, close: () => server.close() };
}

/** Whether a JWT in RS256 is signed with the key, and its claims. */
function read(token, pem) {
  const [head, claims, signature] = token.split(".");
  const valid = verify(
    "RSA-SHA256", Buffer.from(`${head}.${claims}`), createPublicKey(pem), Buffer.from(signature, "base64url"),
  );
  return { valid, claims: JSON.parse(Buffer.from(claims, "base64url")) };
}

async function invoiceAndWebhooks() {
  const { address, promises, close } = await receiver(["/jwt", "/hmac"]);
  for (const signature_algo of ["jwt", "hmac"]) {
    const webhook_url = `${address}/${signature_algo}`;
    const event_types = ["invoice.one_off_created"];
    await lago.webhookEndpoints.createWebhookEndpoint({ webhook_endpoint: { webhook_url, signature_algo, event_types } });
  }
  const fees = [
    { add_on_code: "set/up.v2", tax_codes: ["eu/fr.standard"] },
    { add_on_code: "set/up.v2", units: 2, unit_amount_cents: 2550, description: "Hours" },
  ];
  const made = await lago.invoices.createInvoice({ invoice: { external_customer_id: "acme.eu", fees } });
  const { lago_id, number, status, fees_amount_cents, taxes_amount_cents, total_amount_cents } = made.data.invoice;
  const [jwt, hmac] = await Promise.all([promises["/jwt"], promises["/hmac"]]);
  close();

  const json = await lago.webhooks.fetchJsonPublicKey();
  const text = await lago.webhooks.fetchPublicKey();
  const signed = read(jwt.headers["x-lago-signature"], Buffer.from(json.data.webhook.public_key, "base64"));
  const found = await lago.invoices.findInvoice(lago_id);
  const listed = await lago.invoices.findAllInvoices({ status: "finalized" });
  const ofCustomer = await lago.customers.findAllCustomerInvoices("acme.eu");
  const listedFees = await lago.fees.findAllFees({ external_customer_id: "acme.eu" });
  const document = await downloaded(lago_id);
  const voided = await lago.invoices.voidInvoice(lago_id);
  return {
    invoice: {
      status, fees_amount_cents, taxes_amount_cents, total_amount_cents,
      found: found.data.invoice.number === number,
      listed: listed.data.invoices.map((invoice) => invoice.lago_id === lago_id),
      of_customer: ofCustomer.data.meta.total_count,
      fees: listedFees.data.fees.map((fee) => fee.amount_cents),
      document: document.subarray(0, 4).toString(),
      voided: voided.data.invoice.status,
      again: await refusal(lago.invoices.voidInvoice(lago_id)),
    },
    webhooks: {
      event: JSON.parse(jwt.body).webhook_type,
      invoice: JSON.parse(jwt.body).invoice.lago_id === lago_id,
      public_keys_agree: json.data.webhook.public_key === text.data,
      jwt: signed.valid && signed.claims.data === jwt.body && signed.claims.iss === url,
      hmac: createHmac("sha256", hmacKey).update(hmac.body).digest("base64") === hmac.headers["x-lago-signature"],
    },
  };
}

/** The invoice's PDF, once it is there. */
async function downloaded(id) {
  const deadline = Date.now() + DOCUMENT_SECONDS * 1000;
  while (Date.now() < deadline) {
    const { data } = await lago.invoices.downloadInvoice(id);
    if (data) return Buffer.from(await (await fetch(data.invoice.file_url)).arrayBuffer());
    await pause(100);
  }
  throw new Error("no PDF has been made in time");
}

async function errors() {
  return {
    missing: await refusal(lago.taxes.findTax("no/such.tax")),
    invalid: await refusal(lago.taxes.createTax({ tax: { name: "VAT" } })),
    stranger: await refusal(Client("wrong", { baseUrl: `${url}/api/v1` }).invoices.findAllInvoices()),
  };
}

const facts = {
  customers: await customers(),
  taxes: await taxes(),
  add_ons: await addOns(),
  organization: await organization(),
  webhook_endpoints: await webhookEndpoints(),
  ...(await invoiceAndWebhooks()),
  errors: await errors(),
};
console.log(JSON.stringify(facts));
