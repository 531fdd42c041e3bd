export {};
//# sourceMappingURL=cycle.js.map