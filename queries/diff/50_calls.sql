-- purpose: calls that the inliner decided otherwise in the two builds, with the time of their callee
-- grain: call as it stands in the source, of those that both builds have
-- columns: callee, callee_name, place_a, place_b, decided_a, decided_b, share_a, share_b, cost_a, cost_b, threshold_a, threshold_b
-- A call is known again by its callee and the text of its line, wherever that has moved. decided is
-- inlined, called, or in part: in some of the functions that the call got into. share is the time
-- in the callee: in the copies that were inlined, and in its own code as far as this call's.
CREATE TEMP TABLE call_side AS
WITH texts AS (
    SELECT run_id, file, line, any_value(trim(text)) AS text FROM source GROUP BY ALL
)
SELECT s.side, c.callee, c.callee_name, c.place, c.cost, c.threshold, coalesce(t.text, c.line::VARCHAR) AS text,
       CASE WHEN c.kept = 0 THEN 'inlined' WHEN c.inlined = 0 THEN 'called' ELSE 'in part' END AS decided,
       coalesce(c.inlined_share, 0) + coalesce(c.callee_share, 0) AS share,
       row_number() OVER (PARTITION BY s.side, c.callee, coalesce(t.text, c.line::VARCHAR)
                          ORDER BY c.file, c.line, c."column") AS position
FROM sides s JOIN call_sites c USING (run_id)
LEFT JOIN texts t ON t.run_id = c.run_id AND t.file = c.file AND t.line = c.line;

CREATE TEMP TABLE diff_decisions AS
SELECT a.callee, coalesce(b.callee_name, a.callee_name) AS callee_name, a.place AS place_a, b.place AS place_b,
       a.decided AS decided_a, b.decided AS decided_b, a.share AS share_a, b.share AS share_b,
       a.cost AS cost_a, b.cost AS cost_b, a.threshold AS threshold_a, b.threshold AS threshold_b
FROM (FROM call_side WHERE side = 'a') a JOIN (FROM call_side WHERE side = 'b') b
  ON a.callee = b.callee AND a.text = b.text AND a.position = b.position AND a.decided <> b.decided
ORDER BY greatest(a.share, b.share) DESC, b.place, a.callee;
