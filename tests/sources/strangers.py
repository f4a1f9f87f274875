"""Files of systems that nobody knows: in other languages, with headers that stand there twice, totals,
and wrong things under right names. What is filled is right; what does not fit is left or asked.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stranger:
    """A file, the table it fills (none: nobody can tell), what fills its columns, what is asked."""

    name: str
    text: str
    table: str = ""
    filled: dict[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()


STRANGERS = [
    Stranger(
        "status_text.csv",
        "Deal ID,Amount,Status,Type,Created,Closed\n"
        "1,see contract,Active,Gold,2025-01-03,2025-02-01\n"
        "2,tbd,Inactive,Silver,2025-01-13,2025-02-05\n",
        "deals",
        {"id": "Deal ID", "created_at": "Created", "closed_at": "Closed"},
        ("kind", "status"),
    ),
    Stranger(
        "headers_twice.csv",
        "Ticket ID,Created,Priority,Closed\n"
        "1,2025-01-03T10:00:00Z,High,2025-01-04T10:00:00Z\n"
        "Ticket ID,Created,Priority,Closed\n"
        "2,2025-01-13T10:00:00Z,Low,2025-01-14T10:00:00Z\n",
        "tickets",
        {
            "id": "Ticket ID",
            "created_at": "Created",
            "priority": "Priority",
            "resolved_at": "Closed",
        },
        (),
    ),
    Stranger(
        "totals.csv",
        "Rechnungsnr;Kunde;Rechnungsdatum;Betrag\n"
        "R1;Acme;13.01.2025;1.200,50\n"
        "R2;Birch;14.02.2025;900,00\n"
        "Summe;;;2.100,50\n",
        "purchases",
        {
            "id": "Rechnungsnr",
            "account_id": "Kunde",
            "purchased_at": "Rechnungsdatum",
            "amount": "Betrag",
        },
        ("currency",),
    ),
    Stranger(
        "french.csv",
        "N° de facture;Client;Date de facture;Montant HT;Devise\n"
        "F1;Société A;13/01/2025;1 200,50;EUR\n"
        "F2;Société B;14/02/2025;900,00;EUR\n",
        "purchases",
        {
            "id": "N° de facture",
            "account_id": "Client",
            "purchased_at": "Date de facture",
            "amount": "Montant HT",
            "currency": "Devise",
        },
        (),
    ),
    Stranger(
        "spanish_deals.csv",
        "ID de oportunidad;Cliente;Etapa;Tipo;Fecha de creación;Fecha de cierre;Importe\n"
        "1;Uno SA;Cerrada ganada;Nuevo negocio;13/01/2025;20/02/2025;1.200,50\n"
        "2;Dos SA;Cerrada perdida;Nuevo negocio;14/01/2025;21/02/2025;900,00\n",
        "deals",
        {
            "id": "ID de oportunidad",
            "kind": "Tipo",
            "status": "Etapa",
            "created_at": "Fecha de creación",
            "closed_at": "Fecha de cierre",
            "account_id": "Cliente",
            "amount": "Importe",
        },
        (),
    ),
    Stranger(
        "dutch_tickets.csv",
        "Ticketnummer;Klant;Aangemaakt op;Opgelost op;Prioriteit;Kanaal;Behandelaar\n"
        "T1;Bedrijf A;13-01-2025 09:00;13-01-2025 17:00;Hoog;E-mail;Jan\n"
        "T2;Bedrijf B;14-01-2025 09:00;;Laag;Telefoon;Piet\n",
        "tickets",
        {
            "id": "Ticketnummer",
            "created_at": "Aangemaakt op",
            "account_id": "Klant",
            "assignee_id": "Behandelaar",
            "channel": "Kanaal",
            "priority": "Prioriteit",
            "resolved_at": "Opgelost op",
        },
        ("timezone",),
    ),
    Stranger(
        "title_rows.csv",
        "Quarterly report,,,\n"
        "printed 2025-04-01,,,\n"
        ",,,\n"
        "Order No,Customer,Order date,Total\n"
        "1,Acme,2025-01-13,100.5\n"
        "2,Birch,2025-01-14,200.5\n",
        "purchases",
        {
            "id": "Order No",
            "account_id": "Customer",
            "purchased_at": "Order date",
            "amount": "Total",
        },
        ("currency",),
    ),
    Stranger(
        "employees.csv",
        "Name,Status,Start date,End date,Salary\n"
        "Ada,Active,2020-01-13,,5000.5\n"
        "Bo,Left,2021-01-13,2024-02-01,4000.5\n",
    ),
    Stranger(
        "products.csv",
        "SKU,Product name,Price,Category\nA1,Widget,10.5,Tools\nA2,Gadget,20.5,Tools\n",
    ),
    Stranger(
        "bankstatement.csv",
        "Buchungstag;Valuta;Verwendungszweck;Betrag;Saldo\n"
        "13.01.2025;13.01.2025;Miete;-1.200,00;3.000,00\n"
        "14.01.2025;14.01.2025;Gehalt;2.500,00;5.500,00\n",
    ),
    Stranger(
        "weather.csv",
        "Station,Date,Temperature,Status\nA,2025-01-13,3.5,ok\nB,2025-01-14,4.5,ok\n",
    ),
    Stranger(
        "amounts_mixed.csv",
        "Invoice ID,Customer ID,Invoice date,Amount,Currency\n"
        "1,c1,2025-01-13,100,USD\n"
        "2,c2,2025-01-14,n/a,USD\n"
        "3,c3,2025-01-15,$1.5k,USD\n",
        "purchases",
        {
            "id": "Invoice ID",
            "account_id": "Customer ID",
            "purchased_at": "Invoice date",
            "currency": "Currency",
        },
        ("amount",),
    ),
    Stranger(
        "created_is_person.csv",
        "Ticket ID,Created,Closed,Owner\n1,Ada Park,Bo,Support\n2,Bo Lind,Ada,Support\n",
    ),
    Stranger(
        "dates_mixed.csv",
        "Ticket ID,Created at,Closed at\n1,13/01/2025,14/01/2025\n2,01/14/2025,01/15/2025\n",
    ),
    Stranger(
        "dup_ids.csv",
        "Order ID,Customer,Order date,Amount\n"
        "1,Acme,2025-01-13,5.5\n"
        "1,Acme,2025-01-13,6.5\n"
        "2,Birch,2025-01-14,7.5\n",
        "purchases",
        {"account_id": "Customer", "purchased_at": "Order date", "amount": "Amount"},
        ("id", "currency"),
    ),
    Stranger(
        "polish.csv",
        "Numer zgłoszenia;Klient;Data utworzenia;Data zamknięcia\n"
        "1;A;2025-01-13;2025-01-14\n"
        "2;B;2025-01-14;2025-01-15\n",
    ),
    Stranger(
        "nps_text.csv",
        "Date,Email,NPS,Comment\n"
        "2025-01-13,a@x.example,Promoter,good\n"
        "2025-01-14,b@x.example,Detractor,bad\n",
        "responses",
        {"responded_at": "Date", "contact_id": "Email", "comment": "Comment"},
        ("id", "score"),
    ),
    Stranger(
        "rating_100.csv",
        "Response ID,Submitted at,Rating,Email\n"
        "1,2025-01-13,87,a@x.example\n"
        "2,2025-01-14,95,b@x.example\n",
        "responses",
        {
            "id": "Response ID",
            "responded_at": "Submitted at",
            "score": "Rating",
            "contact_id": "Email",
        },
        ("surveys.kind",),
    ),
    Stranger(
        "subs_monthly_words.csv",
        "Abo-Nr;Kunde;Betrag;Turnus;Beginn;Ende\n"
        "1;Acme;100,00;monatlich;2025-01-01;2025-12-31\n"
        "2;Birch;1200,00;jährlich;2025-01-01;\n",
        "subscriptions",
        {"id": "Abo-Nr", "account_id": "Kunde", "valid_from": "Beginn", "valid_to": "Ende"},
        ("mrr", "currency", "valid_to.end"),
    ),
    Stranger(
        "saas_list.csv",
        "Subscription ID,Customer,Plan,MRR,Currency,Start date,End date\n"
        "s1,Acme,Pro,100,USD,2025-01-01,2025-03-31\n"
        "s2,Birch,Basic,50,USD,2025-02-01,\n",
        "subscriptions",
        {
            "id": "Subscription ID",
            "account_id": "Customer",
            "product_id": "Plan",
            "mrr": "MRR",
            "currency": "Currency",
            "valid_from": "Start date",
            "valid_to": "End date",
        },
        ("valid_to.end",),
    ),
    Stranger(
        "calls.csv",
        "Call ID,Date,Direction,Duration,Agent,Customer\n"
        "1,2025-01-13 10:00,Inbound,00:05:12,Ada,Acme\n"
        "2,2025-01-14 10:00,Outbound,00:01:12,Bo,Birch\n",
        "touches",
        {
            "id": "Call ID",
            "occurred_at": "Date",
            "direction": "Direction",
            "user_id": "Agent",
            "account_id": "Customer",
        },
        ("timezone", "channel"),
    ),
    Stranger(
        "meetings.csv",
        "Activity ID,Activity type,Direction,Date,Owner,Account\n"
        "1,Meeting,Outbound,2025-01-13,Ada,Acme\n"
        "2,E-Mail,Inbound,2025-01-14,Bo,Birch\n",
        "touches",
        {
            "id": "Activity ID",
            "occurred_at": "Date",
            "channel": "Activity type",
            "direction": "Direction",
            "user_id": "Owner",
            "account_id": "Account",
        },
        (),
    ),
    Stranger(
        "contracts_de.csv",
        "Vertragsnummer;Kunde;Vertragsbeginn;Vertragsende;Vertragswert;Vertragsart\n"
        "V1;Acme;01.01.2025;31.12.2025;12.000,00;Neuvertrag\n"
        "V2;Birch;01.02.2025;31.01.2026;6.000,00;Verlängerung\n",
        "contracts",
        {
            "id": "Vertragsnummer",
            "account_id": "Kunde",
            "valid_from": "Vertragsbeginn",
            "valid_to": "Vertragsende",
            "kind": "Vertragsart",
            "value": "Vertragswert",
        },
        ("valid_from", "valid_to.end"),
    ),
    Stranger(
        "usage.csv",
        "Account,Date,Logins,Active users\nAcme,2025-01-13,5,3\nBirch,2025-01-13,2,1\n",
        "usage_daily",
        {"account_id": "Account", "on": "Date", "active_users": "Active users", "logins": "Logins"},
        (),
    ),
    Stranger(
        "header_only.csv",
        "Deal ID,Amount,Stage\n",
    ),
    Stranger(
        "no_header.csv",
        "1,Acme,2025-01-13,100.5\n2,Birch,2025-01-14,200.5\n",
    ),
    Stranger(
        "latin.csv",
        "Kundennummer;Name;Straße;Ort;Branche\n"
        "1;Müller GmbH;Hauptstraße 1;Köln;Handel\n"
        "2;Groß AG;Ring 2;Nürnberg;Industrie\n",
        "accounts",
        {"id": "Kundennummer", "name": "Name", "industry": "Branche"},
        ("encoding",),
    ),
    Stranger(
        "currency_words.csv",
        "Order ID,Customer,Order date,Amount,Currency\n"
        "1,Acme,2025-01-13,5.5,Euro\n"
        "2,Birch,2025-01-14,6.5,Dollar\n",
        "purchases",
        {
            "id": "Order ID",
            "account_id": "Customer",
            "purchased_at": "Order date",
            "amount": "Amount",
        },
        ("currency",),
    ),
    Stranger(
        "crm_accounts.csv",
        "Account ID,Account Name,Type,Industry,Owner,Created Date,Annual Revenue,Status\n"
        "1,Acme,Customer,Trade,Ada,2025-01-13,100000.5,Active\n"
        "2,Birch,Prospect,Tech,Bo,2025-01-14,5000.5,Churned\n",
        "accounts",
        {"id": "Account ID", "name": "Account Name", "industry": "Industry"},
        (),
    ),
    Stranger(
        "order_lines.csv",
        "Order ID,Line,SKU,Quantity,Unit price,Order date,Ship date,Customer ID,Discount\n"
        "1,1,A1,2,10.5,2025-01-13,2025-01-15,c1,0\n"
        "1,2,A2,1,20.5,2025-01-13,2025-01-15,c1,0.1\n"
        "2,1,A1,1,10.5,2025-01-14,2025-01-16,c2,0\n",
        "purchases",
        {"account_id": "Customer ID", "purchased_at": "Order date"},
        ("id", "amount", "currency"),
    ),
    Stranger(
        "close_probability.csv",
        "Opp ID,Client,Stage,Close,Probability,Value\n"
        "1,Acme,Closed Won,2025-01-13,100%,$500\n"
        "2,Birch,Proposal,2025-02-14,40%,$700\n",
        "deals",
        {
            "id": "Opp ID",
            "status": "Stage",
            "account_id": "Client",
            "amount": "Value",
            "probability": "Probability",
        },
        ("kind",),
    ),
    Stranger(
        "jira_like.csv",
        "Key,Summary,Status,Created,Resolved,Assignee,Type\n"
        "A-1,x,Done,2025-01-13 09:00,2025-01-14 09:00,Ada,Bug\n"
        "A-2,y,Open,2025-01-14 09:00,,Bo,Bug\n",
    ),
    Stranger(
        "refunds.csv",
        "Transaction ID,Customer,Transaction date,Amount,Type\n"
        "1,Acme,2025-01-13,100.5,Sale\n"
        "2,Acme,2025-01-14,-20.5,Refund\n",
        "purchases",
        {
            "id": "Transaction ID",
            "account_id": "Customer",
            "purchased_at": "Transaction date",
            "amount": "Amount",
            "kind": "Type",
        },
        ("currency",),
    ),
    Stranger(
        "tasks.csv",
        "Task ID,Title,Owner,Created,Due,Status\n"
        "1,Call Acme,Ada,2025-01-13,2025-01-20,Done\n"
        "2,Mail Birch,Bo,2025-01-14,2025-01-21,Open\n",
        "feedback",
        {"received_at": "Created", "status": "Status", "text": "Title"},
        ("id",),
    ),
    Stranger(
        "marketing.csv",
        "Campaign,Channel,Date,Cost,Clicks\n"
        "Spring,Ads,2025-01-13,100.5,20\n"
        "Summer,Mail,2025-01-14,50.5,10\n",
    ),
    Stranger(
        "inventory.csv",
        "Item ID,Name,Created,Amount,Status\n"
        "1,Screw,2025-01-13,100,in stock\n"
        "2,Nail,2025-01-14,200,sold out\n",
        "products",
        {"id": "Item ID", "name": "Name"},
        ("family",),
    ),
    Stranger(
        "recommend_on_five.csv",
        "Response ID,Submitted,How likely are you to recommend us?\n"
        "1,2025-01-13,5\n"
        "2,2025-01-14,4\n",
        "responses",
        {
            "id": "Response ID",
            "responded_at": "Submitted",
            "score": "How likely are you to recommend us?",
        },
        ("surveys.kind",),
    ),
    Stranger(
        "satisfied_of_ten.csv",
        "Response ID,Submitted,How satisfied are you?\n1,2025-01-13,9\n2,2025-01-14,4\n",
        "responses",
        {"id": "Response ID", "responded_at": "Submitted", "score": "How satisfied are you?"},
        ("surveys.kind",),
    ),
    Stranger(
        "several_companies.csv",
        "Record ID,Deal Name,Deal Stage,Deal Type,Create Date,Associated Company IDs,Amount\n"
        "1,a,Closed Won,New Business,2025-01-13 10:00,71;72,5\n"
        "2,b,Closed Lost,New Business,2025-01-14 10:00,73,6\n",
        "deals",
        {
            "id": "Record ID",
            "kind": "Deal Type",
            "status": "Deal Stage",
            "created_at": "Create Date",
            "amount": "Amount",
        },
        ("timezone",),
    ),
    Stranger(
        "italian.csv",
        "Numero fattura;Cliente;Data fattura;Importo;Valuta\n"
        "1;A;13/01/2025;100,50;EUR\n"
        "2;B;14/01/2025;90,25;EUR\n",
    ),
    Stranger(
        "two_amounts.csv",
        "Invoice ID,Customer ID,Invoice date,Amount,Total,Currency\n"
        "1,c1,2025-01-13,100,120,USD\n"
        "2,c2,2025-01-14,50,60,USD\n",
        "purchases",
        {
            "id": "Invoice ID",
            "account_id": "Customer ID",
            "purchased_at": "Invoice date",
            "currency": "Currency",
        },
        ("amount",),
    ),
    Stranger(
        "two_dates.csv",
        "Order ID,Customer,Date,Order date,Total,Currency\n"
        "1,c1,2025-02-13,2025-01-13,120,USD\n"
        "2,c2,2025-02-14,2025-01-14,60,USD\n",
        "purchases",
        {
            "id": "Order ID",
            "account_id": "Customer",
            "purchased_at": "Order date",
            "amount": "Total",
            "currency": "Currency",
        },
        (),
    ),
    Stranger(
        "closed_flag.csv",
        "Ticket ID,Created,Closed,Priority\n"
        "1,2025-01-13T10:00:00Z,Yes,High\n"
        "2,2025-01-14T10:00:00Z,No,Low\n",
        "tickets",
        {"id": "Ticket ID", "created_at": "Created", "priority": "Priority"},
        (),
    ),
    Stranger(
        "expected_close.csv",
        "Deal ID,Company,Status,Type,Created,Expected close date,Amount\n"
        "1,Acme,Won,New,2025-01-13,2025-03-13,5\n"
        "2,Birch,Open,New,2025-01-14,2025-04-14,6\n",
        "deals",
        {
            "id": "Deal ID",
            "kind": "Type",
            "status": "Status",
            "created_at": "Created",
            "account_id": "Company",
            "amount": "Amount",
        },
        (),
    ),
    Stranger(
        "revenue_arr.csv",
        "Subscription ID,Customer,ARR,Currency,Start date\n"
        "1,Acme,1200,USD,2025-01-13\n"
        "2,Birch,2400,USD,2025-01-14\n",
        "subscriptions",
        {
            "id": "Subscription ID",
            "account_id": "Customer",
            "mrr": "ARR",
            "currency": "Currency",
            "valid_from": "Start date",
        },
        (),
    ),
    Stranger(
        "mrr_by_month.csv",
        "Customer,2025-01,2025-02,2025-03\nAcme,100,100,120\nBirch,50,0,0\n",
    ),
    Stranger(
        "headerless_cols.csv",
        "Ticket ID,,Created,\n1,x,2025-01-13T10:00:00Z,y\n2,x,2025-01-14T10:00:00Z,y\n",
        "tickets",
        {"id": "Ticket ID", "created_at": "Created"},
        (),
    ),
    Stranger(
        "dup_headers.csv",
        "Order ID,Customer,Order date,Amount,Amount\n"
        "1,Acme,2025-01-13,5,6\n"
        "2,Birch,2025-01-14,7,8\n",
        "purchases",
        {"id": "Order ID", "account_id": "Customer", "purchased_at": "Order date"},
        ("amount", "currency"),
    ),
    Stranger(
        "pipe.csv",
        "Order ID|Customer|Order date|Amount\n1|Acme|2025-01-13|5\n2|Birch|2025-01-14|7\n",
        "purchases",
        {
            "id": "Order ID",
            "account_id": "Customer",
            "purchased_at": "Order date",
            "amount": "Amount",
        },
        ("currency",),
    ),
    Stranger(
        "sum_row_first.csv",
        "Total,300.5,,\n"
        "Order ID,Amount,Customer,Order date\n"
        "1,100.5,Acme,2025-01-13\n"
        "2,200,Birch,2025-01-14\n",
        "purchases",
        {
            "id": "Order ID",
            "account_id": "Customer",
            "purchased_at": "Order date",
            "amount": "Amount",
        },
        ("currency",),
    ),
    Stranger(
        "closed_won_no.csv",
        "Deal ID,Company,Closed won,Type,Created,Amount\n"
        "1,Acme,Yes,New,2025-01-13,5\n"
        "2,Birch,No,New,2025-01-14,6\n",
        "deals",
        {
            "id": "Deal ID",
            "kind": "Type",
            "created_at": "Created",
            "account_id": "Company",
            "amount": "Amount",
        },
        ("status",),
    ),
    Stranger(
        "negative_mrr.csv",
        "Subscription ID,Customer,MRR,Currency,Start date,End date,Status\n"
        "1,Acme,-5,USD,2025-01-13,,active\n"
        "2,Birch,24,USD,2025-01-14,2025-02-14,cancelled\n",
        "subscriptions",
        {
            "id": "Subscription ID",
            "account_id": "Customer",
            "mrr": "MRR",
            "currency": "Currency",
            "valid_from": "Start date",
            "valid_to": "End date",
        },
        ("valid_to.end",),
    ),
    Stranger(
        "two_satisfactions.csv",
        "Response ID,Submitted,How satisfied are you with support?,How satisfied are you with the product?\n"
        "1,2025-01-13,5,4\n"
        "2,2025-01-14,2,3\n",
        "responses",
        {"id": "Response ID", "responded_at": "Submitted"},
        ("score",),
    ),
]
