using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Configuration;

internal static class ConfigurationServices
{
    public static void AddBestOfNOptions(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IConfigureOptions<BestOfNOptions>, ConfigureBestOfNOptions>();
        builder.Services.AddOptionsWithValidateOnStart<BestOfNOptions, BestOfNOptionsValidator>();
        if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]))
        {
            builder.WebHost.UseUrls(builder.Configuration[$"{BestOfNOptions.Section}:{nameof(BestOfNOptions.ListenUrl)}"] ?? new BestOfNOptions().ListenUrl);
        }
    }
}
