-- The flat views over `records`, the store's table as it is (one row a document, everything nested).
-- Offsets are code points from 0, end exclusive; DuckDB's substring counts code points from 1.

create or replace view documents as
select id as document, date as published, title, source, url, author, language, text, truncated, date_rule, coder,
       len(sentences) as sentences, len(events) as events, len(statements) as statements, digest
from records;

create or replace view sentences as
select id as document, published, sentence_index, span[1] as start, span[2] as "end",
       substring(text, span[1] + 1, span[2] - span[1]) as sentence, source, url
from (select id, date as published, text, source, url,
             unnest(sentences) as span, generate_subscripts(sentences, 1) - 1 as sentence_index
      from records);

create or replace view entities as
select id as document, e.id as entity, e.name as name, e.kind as kind, e.country as country, e.sectors[1] as sector,
       e.sectors as sectors, e.title as title, e.members as members, e.wikidata as wikidata, e.region as region,
       e.latitude as latitude, e.longitude as longitude
from (select id, unnest(entities) as e from records);

create or replace view mentions as
select m.id as document, m.m.id as mention, m.m.start as start, m.m."end" as "end", m.m.text as text,
       m.m.entity as entity, m.m.rule as rule, e.name as name, e.kind as kind, e.country as country, e.sector as sector
from (select id, unnest(mentions) as m from records) m
left join entities e on e.document = m.id and e.entity = m.m.entity;

create or replace view statements as
select id as document, s.id as statement, published, s.kind as kind, s.venue as venue, s.confidence as confidence,
       list_transform(l.speakers, lambda p: p.name) as speaker_names,
       list_transform(l.speakers, lambda p: p.country) as speaker_countries,
       list_transform(l.speakers, lambda p: p.sector) as speaker_sectors,
       l.speakers[1].text as speaker,
       list_transform(l.addressees, lambda p: p.name) as addressee_names,
       list_transform(l.addressees, lambda p: p.country) as addressee_countries,
       substring(text, s.cue[1] + 1, s.cue[2] - s.cue[1]) as cue,
       array_to_string(list_transform(s.content, lambda c: substring(text, c[1] + 1, c[2] - c[1])), ' … ') as content,
       l.sentence as sentence_index, source, url, coder
from (select id, date as published, text, source, url, coder,
             unnest(statements) as s, unnest(statement_links) as l
      from records);

create or replace view events as
select id as document, e.id as event, e.date[1] as date, e.date[2] as date_end, e.date_kind as date_kind,
       substring(text, e.date_text[1] + 1, e.date_text[2] - e.date_text[1]) as date_text, published,
       e.type as type, e.mode as mode, e.quad as quad, e.intensity as intensity, e.status as status,
       e.attributed as attributed, e.contexts as contexts,
       list_transform(l.actors, lambda p: p.name) as actor_names,
       list_transform(l.actors, lambda p: p.country) as actor_countries,
       list_transform(l.actors, lambda p: p.sector) as actor_sectors,
       list_transform(l.actors, lambda p: p.text) as actor_texts,
       list_transform(l.recipients, lambda p: p.name) as recipient_names,
       list_transform(l.recipients, lambda p: p.country) as recipient_countries,
       list_transform(l.recipients, lambda p: p.sector) as recipient_sectors,
       list_transform(l.recipients, lambda p: p.text) as recipient_texts,
       l.place.name as place, l.place.country as place_country, l.place.region as place_region,
       l.place.latitude as latitude, l.place.longitude as longitude,
       substring(text, e.trigger[1] + 1, e.trigger[2] - e.trigger[1]) as trigger,
       e.trigger[1] as trigger_start, e.trigger[2] as trigger_end, e.sentence as sentence_index,
       substring(text, sentences[e.sentence + 1][1] + 1,
                 sentences[e.sentence + 1][2] - sentences[e.sentence + 1][1]) as sentence,
       e.statement as statement,
       nullif(array_to_string(list_transform(
           statement_links[list_position(list_transform(statements, lambda s: s.id), e.statement)].speakers,
           lambda p: p.name), ';'), '') as speaker,
       e.confidence as confidence, source, url, title, coder
from (select id, date as published, text, sentences, source, url, title, coder, statements, statement_links,
             unnest(events) as e, unnest(links) as l
      from records);

create or replace view participants as
select id as document, l.event as event, 'actor' as role, p.name as name, p.kind as kind, p.country as country,
       p.sector as sector, p.sectors as sectors, p.title as title, p.wikidata as wikidata, p.text as text, p."group" as "group"
from (select id, l, unnest(l.actors) as p from (select id, unnest(links) as l from records))
union all
select id as document, l.event as event, 'recipient' as role, p.name as name, p.kind as kind, p.country as country,
       p.sector as sector, p.sectors as sectors, p.title as title, p.wikidata as wikidata, p.text as text, p."group" as "group"
from (select id, l, unnest(l.recipients) as p from (select id, unnest(links) as l from records));
