--! checkout ours
--! tickets 1
--! setup
CREATE TABLE stock (id INTEGER PRIMARY KEY, count INTEGER NOT NULL);
--! fill
INSERT INTO stock (id, count) VALUES (1, 1);
--! show count
SELECT count FROM stock;
--! left
SELECT count FROM stock;
--! role buyer
BEGIN;
--! into count
SELECT count FROM stock;
--! if :count = 0
  ROLLBACK;
  --! stop sold out
--! end
UPDATE stock SET count = :count - 1;
COMMIT;
--! sold
