-- Databases and accounts for docker/compose.yaml. May be run again. $(NAME) is filled in by sqlcmd from the environment.
IF DB_ID(N'land') IS NULL CREATE DATABASE land COLLATE Chinese_PRC_CI_AS;
IF DB_ID(N'gateway') IS NULL CREATE DATABASE gateway COLLATE Latin1_General_100_BIN2_UTF8;
GO
-- A case and its children are read as of one moment; the ledger's readers do not wait for its writers.
ALTER DATABASE land SET ALLOW_SNAPSHOT_ISOLATION ON;
IF (SELECT is_read_committed_snapshot_on FROM sys.databases WHERE name = N'gateway') = 0
  ALTER DATABASE gateway SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;
GO
IF SUSER_ID(N'gateway_reader') IS NULL CREATE LOGIN gateway_reader WITH PASSWORD = N'$(BUREAU_PASSWORD)', DEFAULT_DATABASE = land;
ELSE ALTER LOGIN gateway_reader WITH PASSWORD = N'$(BUREAU_PASSWORD)';
IF SUSER_ID(N'gateway_ledger') IS NULL CREATE LOGIN gateway_ledger WITH PASSWORD = N'$(LEDGER_PASSWORD)', DEFAULT_DATABASE = gateway;
ELSE ALTER LOGIN gateway_ledger WITH PASSWORD = N'$(LEDGER_PASSWORD)';
GO
IF SUSER_ID(N'bureau_clerk') IS NULL CREATE LOGIN bureau_clerk WITH PASSWORD = N'$(BUREAU_CLERK_PASSWORD)', DEFAULT_DATABASE = land;
ELSE ALTER LOGIN bureau_clerk WITH PASSWORD = N'$(BUREAU_CLERK_PASSWORD)';
GO
USE land;
GO
-- The clerk who writes the sample cases; the gateway only reads.
IF USER_ID(N'bureau_clerk') IS NULL CREATE USER bureau_clerk FOR LOGIN bureau_clerk;
ALTER ROLE db_datareader ADD MEMBER bureau_clerk;
ALTER ROLE db_datawriter ADD MEMBER bureau_clerk;
IF USER_ID(N'gateway_reader') IS NULL CREATE USER gateway_reader FOR LOGIN gateway_reader;
ALTER ROLE db_datareader ADD MEMBER gateway_reader;
GO
USE gateway;
GO
IF USER_ID(N'gateway_ledger') IS NULL CREATE USER gateway_ledger FOR LOGIN gateway_ledger;
ALTER ROLE db_owner ADD MEMBER gateway_ledger;
GO
