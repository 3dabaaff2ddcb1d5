-- The account that writes clearances back, for docker/compose.yaml: one table of the bureau, and nothing else of it. May be run again,
-- after the bureau's tables are there. $(NAME) is filled in by sqlcmd from the environment.
IF SUSER_ID(N'gateway_return') IS NULL CREATE LOGIN gateway_return WITH PASSWORD = N'$(BUREAU_RETURN_PASSWORD)', DEFAULT_DATABASE = land;
ELSE ALTER LOGIN gateway_return WITH PASSWORD = N'$(BUREAU_RETURN_PASSWORD)';
GO
USE land;
GO
IF USER_ID(N'gateway_return') IS NULL CREATE USER gateway_return FOR LOGIN gateway_return;
GRANT SELECT, INSERT ON OBJECT::dbo.land_return TO gateway_return;
GO
