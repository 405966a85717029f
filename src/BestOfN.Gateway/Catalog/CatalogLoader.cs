namespace BestOfN.Gateway.Catalog;

/// <summary>Opens all models while the gateway already answers; <c>/readyz</c> tells how far it is.</summary>
internal sealed class CatalogLoader(GeneratorCatalog generators, RewardModelCatalog rewardModels, ILogger<CatalogLoader> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        [.. generators.Models.Select(model => OpenAsync(model.Generator, g => g.Assumptions)), .. rewardModels.Entries.Select(e => OpenAsync(e, r => r.Assumptions))]);

    private async Task OpenAsync<T>(CatalogEntry<T> entry, Func<T, IReadOnlyList<string>> assumptions)
    {
        try
        {
            var model = await entry.OpenAsync();
            logger.Opened(entry.Name);
            foreach (var assumption in assumptions(model))
            {
                logger.Assumed(entry.Name, assumption);
            }
        }
        catch (Exception exception)
        {
            logger.NotOpened(entry.Name, exception);
        }
    }
}
