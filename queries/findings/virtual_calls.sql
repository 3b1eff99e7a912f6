-- finds: a call through a pointer goes to several functions in turn, and the processor has to guess to which
-- refuted-by: with the objects sorted by type the time stays
-- source: Agner Fog, Optimizing software in C++, 7.22 (virtual member functions); Agner Fog, The microarchitecture, 3 (branch prediction)
WITH pointed AS (
    SELECT DISTINCT run_id, file, line FROM instructions WHERE kind = 'call' AND starts_with(operands, '*') AND file IS NOT NULL
), went AS (
    SELECT h.run_id, h.id, arg_max(c.file || ':' || c.line, c.n) AS place
    FROM h JOIN (SELECT run_id, function, file, line, sum(count) AS n FROM callers WHERE loop IS NULL GROUP BY ALL) c ON c.run_id = h.run_id AND c.function = h.symbol
    JOIN pointed p ON p.run_id = c.run_id AND p.file = c.file AND p.line = c.line
    WHERE h.loop IS NULL AND h.own GROUP BY ALL
), counted AS (
    SELECT run_id, function AS symbol, max(function_count) AS calls FROM execution_regions GROUP BY ALL
), sized AS (
    SELECT run_id, symbol, count(*) AS length FROM instructions GROUP BY ALL
), each AS (
    SELECT h.run_id, h.id, w.place, h.share, h.seconds, n.calls, z.length, CASE WHEN h.symbol LIKE '\_%' ESCAPE '\' THEN h.symbol ELSE regexp_replace(h.function, '\(.*', '') END AS name, h.seconds * h.clock / n.calls AS took
    FROM h JOIN went w USING (run_id, id) JOIN counted n USING (run_id, symbol) JOIN sized z USING (run_id, symbol)
    -- a function of a few instructions that takes many cycles was not foreseen
    WHERE n.calls > 10000 AND z.length <= 30 AND took > 8 + z.length
), together AS (
    SELECT run_id, place, min(id) AS head, sum(share) AS whole, count(*) AS members, list(name ORDER BY id) AS names, sum(took * calls) / sum(calls) AS took,
           sum(length * calls) / sum(calls) AS length, sum(calls) AS calls
    FROM each GROUP BY ALL HAVING members > 1
)
SELECT e.run_id, e.id, t.whole AS of_time, nullif(t.head, e.id) AS within, 0.85 AS strength, t.took / (2 + t.length / 4) AS part,
       'the call through a pointer in ' || e.place || ' goes to ' || t.members || ' functions in turn (' || array_to_string(t.names[1:3], ', ') || CASE WHEN t.members > 3 THEN ', …' ELSE '' END || '; ' || printf('%.1f %%', 100 * t.whole) ||
       ' together): ' || printf('%.0f', t.took) || ' cycles a call for ' || printf('%.0f', t.length) || ' instructions, as the processor guesses wrong where it goes' AS says,
       'group the objects by type, so that the same function is called many times in a row (an array for each type, or sorted), or put a switch over std::variant in its place' AS helps, NULL AS flags,
       [{'rows': 'FROM callers WHERE loop IS NULL AND file || '':'' || line = ''' || replace(e.place, '''', '''''') || '''', 'says': t.members || ' functions are called from there'}] AS evidence
FROM each e JOIN together t USING (run_id, place)
UNION ALL BY NAME
-- the loop that calls so: what is called may be a hot place of its own
SELECT h.run_id, h.id, 0.55 AS strength, NULL::DOUBLE AS part,
       'each iteration calls through a pointer in ' || CASE WHEN starts_with(any_value(h.place), arg_min(i.file, i.line) || ':') THEN 'line ' ELSE parse_filename(arg_min(i.file, i.line)) || ':' END || min(i.line) || ': the processor has to guess where to, and nothing is inlined' AS says,
       'build with a profile of typical work (-fprofile-use: corr optimize tries that), which makes a direct call of the likeliest; group what is called by its kind; or put a switch or a template in its place' AS helps, NULL AS flags,
       [{'rows': 'FROM instructions WHERE kind = ''call'' AND operands LIKE ''*%'' AND machine_loop = ' || any_value(h.machine_loop), 'says': 'calls through a pointer'}] AS evidence
FROM h JOIN instructions i ON i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.kind = 'call' AND starts_with(i.operands, '*') AND i.line IS NOT NULL
WHERE h.loop IS NOT NULL GROUP BY h.run_id, h.id
