namespace BestOfN.Gateway.Catalog;

internal static class CatalogServices
{
    public static void AddCatalogs(this IServiceCollection services)
    {
        services.AddSingleton<GeneratorCatalog>();
        services.AddSingleton<RewardModelCatalog>();
        services.AddHostedService<CatalogLoader>();
    }
}
