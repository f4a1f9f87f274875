"""The exports of known systems in the shape that their makers publish, with invented rows; and which
header fills which column.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """A file: the system that writes it, the table, its text, and the header of each column."""

    system: str
    table: str
    text: str
    right: dict[str, str]
    name: str = "export.csv"


SHAPES = [
    Shape(
        "HubSpot",
        "deals",
        "Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Currency,Pipeline,Create Date,"
        "Deal Type,Original Traffic Source,Associated Contact IDs,Associated Company IDs,"
        "Associated Company,Last Modified Date,Deal probability\n"
        "901,Acme seats,Closed Won,2025-03-14 10:00,Ada Park,1200.50,EUR,Sales,2025-01-07 09:12,"
        "New Business,Referrals,51,71,Acme,2025-03-14 10:01,1\n"
        "902,Birch plan,Closed Lost,2025-04-02 16:30,Bo Lind,800,EUR,Sales,2025-02-11 11:00,"
        "New Business,Paid Search,52,72,Birch,2025-04-02 16:31,0\n"
        "903,Cedar more,Contract Sent,2025-06-30 12:00,Ada Park,,EUR,Sales,2025-05-05 08:40,"
        "New Business,Referrals,53,73,Cedar,2025-05-20 12:01,0.8\n",
        {
            "id": "Record ID",
            "kind": "Deal Type",
            "status": "Deal Stage",
            "created_at": "Create Date",
            "closed_at": "Close Date",
            "account_id": "Associated Company IDs",
            "contact_id": "Associated Contact IDs",
            "owner_id": "Deal owner",
            "amount": "Amount",
            "currency": "Currency",
            "source": "Original Traffic Source",
            "probability": "Deal probability",
            "updated_at": "Last Modified Date",
        },
    ),
    Shape(
        "Salesforce",
        "deals",
        "Opportunity ID,Opportunity Owner,Account ID,Account Name,Opportunity Name,Stage,"
        "Fiscal Period,Amount Currency,Amount,Probability (%),Age,Close Date,Created Date,"
        "Next Step,Lead Source,Type\n"
        '006A1,Ada Park,001A,Acme,"Acme, 20 seats",Closed Won,Q1-2025,USD,"1,200.50",100,66,'
        "3/14/2025,1/7/2025,,Partner,New Business\n"
        "006A2,Bo Lind,001B,Birch,Birch plan,Closed Lost,Q2-2025,USD,800.00,0,50,4/2/2025,"
        "2/11/2025,,Web,New Business\n"
        "006A3,Ada Park,001C,Cedar,Cedar more,Negotiation/Review,Q2-2025,USD,950.00,60,70,"
        "6/30/2025,5/15/2025,call,Web,Existing Customer - Upgrade\n",
        {
            "id": "Opportunity ID",
            "kind": "Type",
            "status": "Stage",
            "created_at": "Created Date",
            "closed_at": "Close Date",
            "account_id": "Account ID",
            "owner_id": "Opportunity Owner",
            "amount": "Amount",
            "currency": "Amount Currency",
            "source": "Lead Source",
            "probability": "Probability (%)",
        },
    ),
    Shape(
        "Zendesk",
        "tickets",
        "Summation column,ID,Requester,Requester id,Requester external id,Requester email,"
        "Requester domain,Submitter,Assignee,Group,Subject,Tags,Status,Priority,Via,Ticket type,"
        "Created at,Updated at,Assigned at,Organization,Due at,Initially assigned at,Solved at,"
        "Resolution time,Satisfaction Score,Group stations,Assignee stations,Reopens,Replies,"
        "First reply time in minutes,First reply time in minutes within business hours\n"
        "1,5001,Pat Kim,71,,pat@acme.example,acme.example,Pat Kim,Ada,Support,Login fails,login,"
        "Solved,High,Mail,Problem,2025-03-03 09:00,2025-03-03 13:05,2025-03-03 09:10,Acme,,"
        "2025-03-03 09:10,2025-03-03 13:00,4,Good,1,1,0,1,30,30\n"
        "1,5002,Lee Roe,72,,lee@birch.example,birch.example,Lee Roe,Bo,Support,Invoice,billing,"
        "Closed,Normal,Web form,Question,2025-03-04 09:00,2025-03-06 09:05,2025-03-04 09:30,Birch,,"
        "2025-03-04 09:30,2025-03-06 09:00,48,Offered,1,1,1,3,1440,480\n"
        "1,5003,Pat Kim,71,,pat@acme.example,acme.example,Pat Kim,Ada,Support,Export,export,"
        "Open,Normal,Mail,Question,2025-03-25 09:00,2025-03-25 09:05,2025-03-25 09:30,Acme,,"
        "2025-03-25 09:30,,,Unoffered,1,1,0,0,,\n",
        {
            "id": "ID",
            "created_at": "Created at",
            "account_id": "Organization",
            "contact_id": "Requester email",
            "assignee_id": "Assignee",
            "channel": "Via",
            "priority": "Priority",
            "topic": "Ticket type",
            "first_replied_at": "First reply time in minutes",
            "resolved_at": "Solved at",
            "reopened": "Reopens",
            "agent_replies": "Replies",
            "updated_at": "Updated at",
        },
    ),
    Shape(
        "Stripe",
        "subscriptions",
        "id,Customer ID,Customer Description,Customer Email,Plan,Quantity,Currency,Interval,Amount,"
        "Status,Created (UTC),Start (UTC),Current Period Start (UTC),Current Period End (UTC),"
        "Trial Start (UTC),Trial End (UTC),Application Fee,Canceled At (UTC),Ended At (UTC)\n"
        "sub_1,cus_1,Acme,pay@acme.example,plan_pro,1,usd,month,120.00,active,2025-01-07 09:12,"
        "2025-01-07 09:12,2025-11-07 09:12,2025-12-07 09:12,,,,,\n"
        "sub_2,cus_2,Birch,pay@birch.example,plan_team,3,usd,year,900.00,canceled,2025-02-13 10:00,"
        "2025-02-13 10:00,2025-02-13 10:00,2026-02-13 10:00,,,,2025-06-01 08:00,2025-06-13 10:00\n",
        {
            "id": "id",
            "account_id": "Customer ID",
            "product_id": "Plan",
            "quantity": "Quantity",
            "mrr": "Amount",
            "currency": "Currency",
            "valid_from": "Start (UTC)",
            "valid_to": "Ended At (UTC)",
        },
    ),
    Shape(
        "Chargebee",
        "subscriptions",
        "id,customer_id,plan_id,plan_quantity,plan_unit_price,currency_code,status,mrr,start_date,"
        "trial_end,current_term_start,current_term_end,created_at,started_at,activated_at,"
        "cancelled_at,updated_at\n"
        "16Bk,c-1,pro-monthly,2,60.00,EUR,active,120.00,,,2025-11-07T09:12:00Z,"
        "2025-12-07T09:12:00Z,2025-01-07T09:12:00Z,2025-01-07T09:12:00Z,2025-01-07T09:12:00Z,,"
        "2025-11-07T09:12:01Z\n"
        "17Ck,c-2,team-monthly,1,75.00,EUR,cancelled,75.00,,,2025-05-13T10:00:00Z,"
        "2025-06-13T10:00:00Z,2025-02-13T10:00:00Z,2025-02-13T10:00:00Z,2025-02-13T10:00:00Z,"
        "2025-06-13T10:00:00Z,2025-06-13T10:00:01Z\n",
        {
            "id": "id",
            "account_id": "customer_id",
            "product_id": "plan_id",
            "quantity": "plan_quantity",
            "unit_price": "plan_unit_price",
            "mrr": "mrr",
            "currency": "currency_code",
            "valid_from": "started_at",
            "valid_to": "cancelled_at",
            "updated_at": "updated_at",
        },
    ),
    Shape(
        "Intercom",
        "tickets",
        "Conversation ID,Conversation started at (Europe/Dublin),Channel,Current conversation state,"
        "Teammate currently assigned,Team currently assigned,Company name,User email,"
        "Conversation first replied at (Europe/Dublin),Conversation last closed at (Europe/Dublin),"
        "First response time (seconds),Time to close (seconds),Reopens,Conversation rating\n"
        "2101,2025-03-03 09:00:00,Chat,closed,Ada Park,Support,Acme,pat@acme.example,"
        "2025-03-03 09:04:00,2025-03-03 10:00:00,240,3600,0,5\n"
        "2102,2025-03-24 09:00:00,Email,open,Bo Lind,Support,Birch,lee@birch.example,"
        "2025-03-24 11:00:00,,7200,,1,\n",
        {
            "id": "Conversation ID",
            "created_at": "Conversation started at (Europe/Dublin)",
            "account_id": "Company name",
            "contact_id": "User email",
            "assignee_id": "Teammate currently assigned",
            "channel": "Channel",
            "first_replied_at": "Conversation first replied at (Europe/Dublin)",
            "resolved_at": "Conversation last closed at (Europe/Dublin)",
            "reopened": "Reopens",
        },
    ),
    Shape(
        "SurveyMonkey",
        "responses",
        "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name,"
        "Last Name,Custom Data 1,How likely is it that you would recommend us to a colleague?,"
        "What should we do better?\n"
        ",,,,,,,,,Response,Open-Ended Response\n"
        "118476512001,421001,03/14/2025 10:12:33 AM,03/14/2025 10:14:01 AM,10.0.0.1,"
        "pat@acme.example,Pat,Kim,,9,faster\n"
        "118476512002,421001,03/14/2025 09:12:33 PM,03/14/2025 09:14:01 PM,10.0.0.2,"
        "lee@birch.example,Lee,Roe,,3,\n",
        {
            "id": "Respondent ID",
            "survey_id": "",
            "responded_at": "End Date",
            "score": "How likely is it that you would recommend us to a colleague?",
            "contact_id": "Email Address",
            "comment": "What should we do better?",
        },
    ),
    Shape(
        "Qualtrics",
        "responses",
        "StartDate,EndDate,Status,IPAddress,Progress,Duration (in seconds),Finished,RecordedDate,"
        "ResponseId,RecipientLastName,RecipientEmail,ExternalReference,DistributionChannel,"
        "UserLanguage,Q1_NPS_GROUP,Q1,Q2\n"
        "Start Date,End Date,Response Type,IP Address,Progress,Duration (in seconds),Finished,"
        "Recorded Date,Response ID,Recipient Last Name,Recipient Email,External Data Reference,"
        "Distribution Channel,User Language,How likely are you to recommend us? - Group,"
        "How likely are you to recommend us?,Why?\n"
        '"{""ImportId"":""startDate""}","{""ImportId"":""endDate""}","{""ImportId"":""status""}",'
        '"{""ImportId"":""ipAddress""}","{""ImportId"":""progress""}",'
        '"{""ImportId"":""duration""}","{""ImportId"":""finished""}",'
        '"{""ImportId"":""recordedDate""}","{""ImportId"":""_recordId""}",'
        '"{""ImportId"":""recipientLastName""}","{""ImportId"":""recipientEmail""}",'
        '"{""ImportId"":""externalDataReference""}","{""ImportId"":""distributionChannel""}",'
        '"{""ImportId"":""userLanguage""}","{""ImportId"":""QID1_NPS_GROUP""}",'
        '"{""ImportId"":""QID1""}","{""ImportId"":""QID2_TEXT""}"\n'
        "2025-03-03 22:00:00,2025-03-03 22:05:00,IP Address,10.0.0.1,100,300,True,"
        "2025-03-03 22:05:01,R_a1,Kim,pat@acme.example,,email,EN,Promoter,9,Great\n"
        "2025-03-04 09:00:00,2025-03-04 09:04:00,IP Address,10.0.0.2,100,240,True,"
        "2025-03-04 09:04:02,R_a2,Roe,lee@birch.example,,email,EN,Detractor,3,Slow\n",
        {
            "id": "ResponseId",
            "survey_id": "",
            "responded_at": "RecordedDate",
            "score": "Q1",
            "contact_id": "RecipientEmail",
            "comment": "Q2",
        },
    ),
    Shape(
        "Pipedrive",
        "deals",
        "Deal - ID,Deal - Title,Deal - Creator,Deal - Owner,Deal - Value,Deal - Currency of Value,"
        "Deal - Organization,Deal - Contact person,Deal - Pipeline,Deal - Stage,Deal - Status,"
        "Deal - Probability,Deal - Deal created,Deal - Update time,Deal - Won time,Deal - Lost time,"
        "Deal - Deal closed on,Deal - Lost reason,Deal - Expected close date,Deal - Source channel,"
        "Deal - Label\n"
        "11,Acme seats,Ada Park,Ada Park,1200.5,EUR,Acme,Pat Kim,Sales,Negotiations Started,Won,,"
        "2025-01-07 09:12:00,2025-03-14 10:00:00,2025-03-14 10:00:00,,2025-03-14 10:00:00,,"
        "2025-03-31,Partner,New\n"
        "12,Birch plan,Bo Lind,Bo Lind,800,EUR,Birch,Lee Roe,Sales,Qualified,Lost,,"
        "2025-02-11 11:00:00,2025-04-02 16:30:00,,2025-04-02 16:30:00,2025-04-02 16:30:00,price,"
        "2025-04-30,Web,New\n"
        "13,Cedar more,Ada Park,Ada Park,950,EUR,Cedar,Max Ody,Sales,Proposal Made,Open,,"
        "2025-05-05 08:40:00,2025-05-20 12:00:00,,,,,2025-06-30,Web,Upsell\n",
        {
            "id": "Deal - ID",
            "kind": "Deal - Label",
            "status": "Deal - Status",
            "created_at": "Deal - Deal created",
            "closed_at": "Deal - Deal closed on",
            "account_id": "Deal - Organization",
            "owner_id": "Deal - Owner",
            "amount": "Deal - Value",
            "currency": "Deal - Currency of Value",
            "source": "Deal - Source channel",
            "probability": "Deal - Probability",
            "updated_at": "Deal - Update time",
        },
    ),
    Shape(
        "Jira",
        "tickets",
        "Summary,Issue key,Issue id,Issue Type,Status,Project key,Project name,Priority,Resolution,"
        "Assignee,Assignee Id,Reporter,Reporter Id,Created,Updated,Last Viewed,Resolved,Due Date,"
        "Labels,Labels,Custom field (Organizations),Custom field (Request Type)\n"
        "Login fails,SUP-1,10001,Support,Done,SUP,Support,High,Done,Ada Park,5f1,Pat Kim,qm:1,"
        "03/Mar/25 9:00 AM,03/Mar/25 1:05 PM,,03/Mar/25 1:00 PM,,login,,Acme,Report a bug\n"
        "Invoice,SUP-2,10002,Support,Open,SUP,Support,Low,,Bo Lind,5f2,Lee Roe,qm:2,"
        "24/Mar/25 9:00 AM,24/Mar/25 9:05 AM,,,,billing,,Birch,Ask a question\n",
        {
            "id": "Issue key",
            "created_at": "Created",
            "account_id": "Custom field (Organizations)",
            "contact_id": "Reporter Id",
            "assignee_id": "Assignee Id",
            "priority": "Priority",
            "topic": "Custom field (Request Type)",
            "resolved_at": "Resolved",
            "updated_at": "Updated",
        },
    ),
    Shape(
        "LimeSurvey",
        "responses",
        "Response ID,Date submitted,Last page,Start language,Seed,Date started,Date last action,"
        "Email address,How likely are you to recommend us to others?,Why?\n"
        "1,2025-03-14 10:14:01,2,en,4711,2025-03-14 10:12:33,2025-03-14 10:14:01,pat@acme.example,"
        "9,fast\n"
        "2,2025-03-24 10:14:01,2,en,4712,2025-03-24 10:12:33,2025-03-24 10:14:01,"
        "lee@birch.example,3,slow\n",
        {
            "id": "Response ID",
            "survey_id": "",
            "responded_at": "Date submitted",
            "score": "How likely are you to recommend us to others?",
            "contact_id": "Email address",
            "comment": "Why?",
        },
    ),
    Shape(
        "Google Forms",
        "responses",
        "Timestamp,Email Address,How satisfied are you with our support?,Comments\n"
        "3/14/2025 10:14:01,pat@acme.example,5,fast\n"
        "3/24/2025 10:14:01,lee@birch.example,2,slow\n",
        {
            "id": "_line",
            "survey_id": "",
            "responded_at": "Timestamp",
            "score": "How satisfied are you with our support?",
            "contact_id": "Email Address",
            "comment": "Comments",
        },
    ),
]
