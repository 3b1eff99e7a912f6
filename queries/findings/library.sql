-- finds: time in a library, outside the program's own code
-- refuted-by: without the calls the time stays
-- source: perf-record(1); the calls are those of the program's machine code
WITH callers AS (
    SELECT i.run_id, regexp_extract(i.operands, '<([^>+@]+)', 1) AS callee, i.symbol AS caller,
           i.file || ':' || i.line AS place, coalesce(max(e.count), 0) AS weight
    FROM instructions i LEFT JOIN execution e ON e.run_id = i.run_id AND e.file = i.file AND e.line = i.line
    WHERE i.kind = 'call' GROUP BY ALL
), most AS (
    -- the library calls the inner function by another name: __exp_fma for exp
    SELECT h.run_id, h.id, arg_max(c.caller, c.weight) AS caller, arg_max(c.place, c.weight) AS place, arg_max(c.callee, c.weight) AS callee
    FROM h JOIN callers c ON c.run_id = h.run_id AND length(c.callee) >= 3
     AND (c.callee IN ('memcpy', 'memmove') AND regexp_matches(h.symbol, '^_*mem(move|cpy)')
          OR c.callee = regexp_replace(h.symbol, '@.*', '') OR regexp_matches(h.symbol, '^_*(ieee754_)?' || regexp_escape(c.callee) || '(_|$)'))
    WHERE h.loop IS NULL AND NOT h.own GROUP BY ALL
)
SELECT h.run_id, id, 0.8 AS strength, 'infinity'::DOUBLE AS part,
       'time in ' || coalesce(m.callee, regexp_replace(symbol, '@.*', '')) || ' of ' || parse_filename(object) || coalesce(', ' || replace(h.called, ' by ' || coalesce(m.callee, regexp_replace(symbol, '@.*', '')) || ' in ', ' in '), ', called in ' || m.caller || ' (' || m.place || ')', '; by whom is not known') AS says,
       'call it less often, or use another form of it (a vector one, one for the known size)' AS helps, NULL AS flags,
       [{'rows': 'SELECT * FROM sample_shares WHERE function = ''' || replace(function, '''', '''''') || '''', 'says': samples || ' samples'}] AS evidence
FROM h LEFT JOIN most m USING (run_id, id)
WHERE loop IS NULL AND NOT own AND object NOT LIKE '[%' AND share >= 0.05
