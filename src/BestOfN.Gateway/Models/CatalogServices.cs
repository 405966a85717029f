namespace BestOfN.Gateway.Models;

internal static class CatalogServices
{
    public static void AddCatalogs(this IServiceCollection services)
    {
        services.AddSingleton<GeneratorCatalog>();
        services.AddSingleton<RewardModelCatalog>();
        services.AddHealthChecks().AddCheck<CatalogHealthCheck>("models");
    }
}
