-- finds: a hot place of which no layer tells why it takes its time
-- refuted-by: any other finding
-- source: none
WITH inlined AS (
    -- where the samples of a function fall that is inlined, and on what
    SELECT run_id, id, arg_max(line, n) AS line, arg_max(file, n) AS file, max(n) / sum(n) AS part, arg_max(kind, n) AS kind
    FROM (SELECT h.run_id, h.id, s.file, s.line, sum(s.count) AS n, arg_max(i.kind, s.count) AS kind
          FROM h JOIN samples s ON s.run_id = h.run_id AND s.loop IS NULL AND s.own AND s.function = h.symbol JOIN instructions i ON i.run_id = s.run_id AND i.address = s.address
          WHERE h.loop IS NULL AND h.own AND i.symbol <> h.symbol GROUP BY ALL) GROUP BY ALL
), around AS (
    -- loops that were unrolled altogether, or hold only such a one, run as part of another's machine loop
    SELECT o.run_id, o.id, arg_max(p.id, o.n) AS head
    FROM (SELECT h.run_id, h.id, s.machine_loop, sum(s.count) AS n FROM h JOIN samples s ON s.run_id = h.run_id AND s.loop = h.loop
          WHERE h.machine_loop IS NULL AND s.machine_loop IS NOT NULL GROUP BY ALL) o
    JOIN h p ON p.run_id = o.run_id AND p.machine_loop = o.machine_loop AND p.id <> o.id
    GROUP BY ALL
)
SELECT h.run_id, id, a.head AS within, 0.05 AS strength, NULL::DOUBLE AS part,
       CASE WHEN loop IS NULL AND object LIKE '[%' AND object <> '[kernel]' THEN 'time in code that could not be resolved'
            WHEN object = '[kernel]' THEN 'time in the kernel: ' || function || coalesce(', ' || called, '')
            WHEN loop IS NULL THEN 'time in code outside any loop' || coalesce(' of ' || CASE WHEN h.symbol LIKE '\_%' ESCAPE '\' THEN h.symbol ELSE regexp_replace(h.function, '\(.*', '') END, '') || CASE WHEN i.line IS NOT NULL THEN ', which is inlined where it is called: ' || printf('%.0f %%', 100 * i.part) || ' of it in ' || CASE WHEN starts_with(h.place, i.file || ':') THEN 'line ' ELSE parse_filename(i.file) || ':' END || i.line || CASE WHEN i.kind = 'division' THEN ', a division' ELSE '' END ELSE coalesce(', ' || called, '') END
            WHEN cycles > 1.8 * model_cycles THEN printf('%.1f', cycles) || ' cycles an iteration, where the model, which knows no caches and no wrong guesses of branches, expects ' || printf('%.1f', model_cycles) || '; which of them it is cannot be told without a PMU'
            WHEN machine_loop IS NULL AND x.unrolled_fully = round(trip_count) THEN 'its ' || x.unrolled_fully || ' turns were written out one after another' || coalesce(', ' || printf('%.1f', cycles) || ' cycles each', '') || ', so that no loop is left to model'
            WHEN machine_loop IS NULL AND trip_count IS NULL AND x.unrolled_fully > 1 THEN 'its ' || x.unrolled_fully || ' turns were written out one after another, so that no loop is left to model'
            WHEN machine_loop IS NULL THEN 'no machine loop of it was modelled'
            ELSE 'what it computes takes the time' || coalesce(': ' || printf('%.1f', cycles) || ' cycles an iteration', '') || CASE WHEN bound IN ('dependencies', 'dispatch width') THEN ', bound by ' || bound ELSE coalesce(', most of it in one unit of the processor (' || bound || ')', '') END END AS says,
       CASE WHEN i.kind = 'division' THEN 'divide less often: multiply by an inverse that is kept, or compare without dividing' WHEN i.line IS NOT NULL THEN 'see with corr why what is done there' WHEN loop IS NULL AND called IS NULL THEN 'see who calls it (perf record -g)' WHEN machine_loop IS NULL AND x.unrolled_fully = round(trip_count) THEN 'see with corr why which of its lines take the time; vectors would have to go across the turns, or across those of the loop around' ELSE 'ask corr why for every layer' END AS helps, NULL AS flags,
       [{'rows': CASE WHEN loop IS NULL THEN 'FROM sample_shares WHERE loop IS NULL AND function = ''' || replace(coalesce(symbol, ''), '''', '''''') || '''' ELSE 'FROM hotspots WHERE ' || here END, 'says': samples || ' samples'}] AS evidence
FROM h LEFT JOIN around a USING (run_id, id) LEFT JOIN inlined i USING (run_id, id) LEFT JOIN transformed x USING (run_id, loop)
