namespace BestOfN.Gateway.Catalog;

/// <summary>Opens all models while the gateway already answers; <c>/readyz</c> tells how far it is.</summary>
internal sealed class CatalogLoader(GeneratorCatalog generators, RewardModelCatalog rewardModels, ILogger<CatalogLoader> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        [.. generators.Models.Select(model => OpenAsync(model.Generator)), .. rewardModels.Entries.Select(OpenAsync)]);

    private async Task OpenAsync<T>(CatalogEntry<T> entry)
    {
        try
        {
            await entry.OpenAsync();
            logger.Opened(entry.Name);
        }
        catch (Exception exception)
        {
            logger.NotOpened(entry.Name, exception);
        }
    }
}
