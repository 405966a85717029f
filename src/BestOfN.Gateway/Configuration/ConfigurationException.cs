namespace BestOfN.Gateway.Configuration;

/// <summary>The gateway cannot start as it is configured.</summary>
/// <param name="problems">All mistakes, each as <c>path: what is wrong</c>.</param>
internal sealed class ConfigurationException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems => problems;
}
