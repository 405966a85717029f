namespace BestOfN.Gateway.Configuration;

/// <summary>Looks for mistakes in one part of the configuration.</summary>
internal interface IConfigurationCheck
{
    /// <returns>All mistakes, each as <c>path: what is wrong</c>.</returns>
    IEnumerable<string> Problems(IConfiguration configuration);
}
