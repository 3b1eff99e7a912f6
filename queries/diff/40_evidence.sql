-- purpose: what the rules of queries/hypotheses build on: remarks by side, source edits, flags, what the source of b says
-- grain: remark of one side (remark_facts); call of a loop (loop_calls, newly_inlined); loop (vectorisation_lost); line of one side (edits)
-- columns: loop, side, change, pass, tag, name, words, fact; loop, lost, reason; loop, side, text, in_loop
-- A fact is a sentence that names its table and row, for a rule's evidence.
CREATE TEMP TABLE remark_facts AS
SELECT loop, 'a' AS side, change, pass, tag, name, words_a AS words,
       'remarks a: ' || pass || ' ' || name || ' "' || words_a || '" (' || row_a || ')' AS fact
FROM diff_remarks WHERE in_loop AND words_a IS NOT NULL
UNION ALL
SELECT loop, 'b', change, pass, tag, name, words_b,
       'remarks b: ' || pass || ' ' || name || ' "' || words_b || '" (' || row_b || ')'
FROM diff_remarks WHERE in_loop AND words_b IS NOT NULL;

-- What each loop calls, by linkage names; what is called through a pointer has none ('').
CREATE TEMP TABLE loop_calls AS
SELECT DISTINCT s.side, p.loop, regexp_extract(i.operands, '<([^>+@]+)', 1) AS callee
FROM diff_loops p JOIN sides s ON true JOIN instructions i
  ON i.run_id = s.run_id AND i.loop = CASE s.side WHEN 'a' THEN p.key_a ELSE p.key_b END AND i.kind = 'call';

-- Calls that b inlines into a loop and a made there. A remark may be new for another reason: a's is
-- paired with another one, or what is inlined at the end of the function is told of its last loop.
CREATE TEMP TABLE newly_inlined AS
WITH told AS (
    SELECT loop, fact, words, regexp_extract(words, '^''([^'']+)''', 1) AS callee FROM remark_facts
    WHERE side = 'b' AND change = 'appeared' AND pass = 'inline' AND name LIKE '%Inlined' AND tag = 'Passed'
), pairs AS (
    SELECT s.side, regexp_extract(words, '^''[^'']+'' inlined into ''[^'']+''') AS pair, sum(count) AS n
    FROM sides s JOIN remark_words w USING (run_id) WHERE w.pass = 'inline' AND w.tag = 'Passed' GROUP BY ALL
)
SELECT r.loop, r.callee, r.fact FROM told r
LEFT JOIN pairs a ON a.side = 'a' AND a.pair <> '' AND starts_with(r.words, a.pair)
LEFT JOIN pairs b ON b.side = 'b' AND b.pair = a.pair
WHERE coalesce(a.n, 0) < coalesce(b.n, 1)
  AND (NOT EXISTS (FROM loop_calls c WHERE c.side = 'a' AND c.loop = r.loop)
       OR EXISTS (FROM loop_calls c WHERE c.side = 'a' AND c.loop = r.loop AND c.callee IN ('', r.callee)));

-- Loops that were vectorised in a only, and each reason that b gives.
CREATE TEMP TABLE vectorisation_lost AS
SELECT l.loop, l.fact AS lost, r.name AS reason, r.words, r.fact
FROM remark_facts l JOIN remark_facts r
  ON r.loop = l.loop AND r.side = 'b' AND r.change = 'appeared' AND r.pass = 'loop-vectorize'
 AND r.name NOT LIKE 'Missed%'
WHERE l.side = 'a' AND l.change = 'disappeared' AND l.pass = 'loop-vectorize' AND l.name = 'Vectorized';

-- What the source of b says of a loop: which element of the one before it reads (a recurrence, which no
-- restrict mends), and whether nothing but its condition ends it.
CREATE TEMP TABLE said_in_b AS
SELECT p.loop, min(e.element) AS element, any_value(c.counter) AS counter, coalesce(bool_or(c.wraps), false) AS wraps
FROM paired p JOIN sides s ON s.side = 'b' AND p.side = 'b'
LEFT JOIN carried_elements e ON e.run_id = s.run_id AND e.loop = p.key
LEFT JOIN counted_loops c ON c.run_id = s.run_id AND c.loop = p.key
GROUP BY p.loop HAVING element IS NOT NULL OR counter IS NOT NULL;

-- Lines of code, comments and indentation left out.
-- Only files that the other side has not word for word, and only the hottest loops of those: a
-- large program has more pairs of lines and loops than one would wait for.
CREATE TEMP TABLE edited_files AS
WITH texts AS (
    SELECT side, run_id, file, md5(string_agg(text, chr(10) ORDER BY line)) AS text
    FROM sides JOIN source USING (run_id) GROUP BY ALL
)
SELECT t.side, t.run_id, t.file FROM texts t
WHERE NOT EXISTS (FROM texts o WHERE o.side <> t.side AND o.text = t.text);

CREATE TEMP TABLE edited_loops AS
SELECT loop FROM diff_loops
ORDER BY greatest(coalesce(share_a, 0), coalesce(share_b, 0)) DESC, loop LIMIT 60;

CREATE TEMP TABLE code_lines AS
SELECT side, run_id, file, line, code AS text
FROM (SELECT side, run_id, file, line, trim(regexp_replace(text, '//.*|/\*.*?(\*/|$)', '', 'g')) AS code
      FROM edited_files JOIN source USING (run_id, file))
WHERE len(code) > 1 AND NOT regexp_matches(code, '^\*( |/|$)|^[{}); ]+$');

CREATE TEMP TABLE loop_lines AS
SELECT p.side, p.loop, c.file, c.line, c.text, l.line AS first, l.end_line AS last,
       c.line BETWEEN l.line AND l.end_line AS in_loop
FROM paired p JOIN sides s ON s.side = p.side
SEMI JOIN edited_loops e ON e.loop = p.loop
JOIN loops l ON l.run_id = s.run_id AND l.key = p.key
JOIN code_lines c ON c.side = p.side AND c.file = l.file;

-- Lines that only one side has, in the loop or in its file where they name something of the loop.
CREATE TEMP TABLE edits AS
WITH words AS (
    SELECT side, loop, list_distinct(flatten(list(regexp_extract_all(text, '[A-Za-z_]\w*')))) AS words
    FROM loop_lines WHERE in_loop GROUP BY ALL
)
SELECT x.loop, x.side, x.line, x.text, x.in_loop,
       'source ' || x.side || ': "' || x.text || '" (' || x.file || ':' || x.line || ')' AS fact
FROM loop_lines x JOIN words w ON w.side = x.side AND w.loop = x.loop
WHERE NOT EXISTS (FROM loop_lines y WHERE y.loop = x.loop AND y.side <> x.side AND y.text = x.text
                  AND y.in_loop = x.in_loop)
  AND EXISTS (FROM loop_lines y WHERE y.loop = x.loop AND y.side <> x.side)
  AND (x.in_loop OR len(list_intersect(regexp_extract_all(x.text, '[A-Za-z_]\w*'), w.words)) > 0
       OR x.text LIKE '#pragma%');

-- Compiler flags that only one side has.
CREATE TEMP TABLE flag_edits AS
SELECT s.side, f.flag, 'runs ' || s.side || ': flag ' || f.flag AS fact
FROM sides s JOIN (SELECT run_id, unnest(flags) AS flag FROM runs) f USING (run_id)
WHERE f.flag NOT IN (SELECT unnest(flags) FROM runs JOIN sides o USING (run_id) WHERE o.side <> s.side);

-- A base strength, raised where the time moved as the rule expects and lowered where it did not.
CREATE TEMP MACRO weighed(base, verdict, expected) AS
    CASE WHEN expected IS NULL THEN base
         WHEN verdict = expected THEN least(base + 0.05, 1)
         WHEN verdict IS NULL OR verdict = 'inconclusive' THEN base - 0.02
         ELSE base - 0.1 END;

-- The time moved the other way: a verdict is needed, or a ratio so far off that a reader would take
-- it for one.
CREATE TEMP MACRO against(expected, verdict, ratio) AS
    coalesce(CASE expected
        WHEN 'faster' THEN verdict = 'slower' OR verdict = 'inconclusive' AND ratio > 1.25
        WHEN 'slower' THEN verdict = 'faster' OR verdict = 'inconclusive' AND ratio < 0.8
        WHEN 'same' THEN verdict <> 'same' AND NOT (verdict = 'inconclusive' AND ratio BETWEEN 0.9 AND 1.1)
    END, false);

-- A sentence on a number of one side beside that of the other.
CREATE TEMP MACRO counted(what, a, b) AS
    'instructions: ' || what || ' ' || coalesce(a, 0) || ' in a, ' || coalesce(b, 0) || ' in b';
CREATE TEMP MACRO timed(ratio) AS
    CASE WHEN ratio IS NOT NULL THEN 'timings, samples: time b/a ' || round(ratio, 2) END;
