"""Billing periods (chapter 51): what is billed when, for which days, and how much of a price falls on them.

`tiles` lays periods over the calendar. `schedule` says on which of them a plan bills. `covered` finds
the periods that an invoice is about, as instants. `proration` counts days of prices. Around them
stand `conto.core.days` (days and instants), `conto.core.subscription_fee` (the plan's own fee),
`conto.core.unit_instructions` (units of fixed charges) and `conto.core.invoice_dates`.
"""
