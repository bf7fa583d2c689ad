/** What metrics.k8s.io says of a Pikelet node beyond Kubernetes's own `cpu` and `memory`: degrees Celsius, as a quantity. */
export const TEMPERATURE_RESOURCE = 'pikelet.dev/temperature-celsius';
